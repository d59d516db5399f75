package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"european-pay.eu/eupay/cmd/internal/payer"
)

const (
	tableName = "eupay trigger"
	// hangingTable makes the bank wait with the payments of its orders: it reads their descriptions.
	hangingTable = tableName + " sandbox:hang"
)

var orderWays = []way{
	ordered("order.awaiting_payment", "a guest orders, and does not pay", tableName),
	ordered("order.received", "a guest orders and pays", tableName, guestPays),
	ordered("order.preparing", "a guest orders and pays, and you begin", tableName, guestPays, received, to("preparing")),
	ordered("order.ready", "a guest orders and pays, and you have it ready", tableName, guestPays, received, to("preparing"), to("ready")),
	ordered("order.served", "a guest orders and pays, and you serve it", tableName, guestPays, received, to("preparing"), to("ready"), to("served")),
	ordered("order.cancelled", "a guest orders, and you cancel", tableName, to("cancelled")),
	ordered("order.payment_failed", "a guest orders, and refuses to pay at the bank", tableName, guestRefuses),
	ordered("order.paid_late", "a guest pays, and you cancel before the bank has executed it", hangingTable, guestPays, to("cancelled"), bankExecutes),
}

// meal is an order with the table that was made for it.
type meal struct {
	*play
	portal  portal
	made    []string // paths of what goes when the event has happened
	order   subject
	payment payment
}

// step is what somebody does about an order.
type step func(context.Context, *meal) error

// ordered is the way to an event about an order: it is placed, the steps are taken, and the event is waited for.
func ordered(event, how, table string, steps ...step) way {
	return way{event, how, func(ctx context.Context, p *play) (subject, error) {
		door, err := p.client.enter(ctx)
		if err != nil {
			return subject{}, err
		}
		m := &meal{play: p, portal: door}
		defer m.clear(context.WithoutCancel(ctx))
		if err := m.place(ctx, table); err != nil {
			return subject{}, err
		}
		for _, take := range steps {
			if err := take(ctx, m); err != nil {
				return m.order, err
			}
		}
		return m.order, p.happened(ctx, event, m.order.Reference)
	}}
}

// place makes a product and a table, and orders the product there.
func (m *meal) place(ctx context.Context, table string) error {
	var product, at struct {
		ID    string `json:"id"`
		Token string `json:"qr_token"`
	}
	if _, err := m.portal.call(ctx, http.MethodPost, "/product/create", map[string]any{"name": tableName, "price_ttc": json.Number(m.amount)}, &product); err != nil {
		return err
	}
	m.made = append(m.made, "/product/"+product.ID)
	if _, err := m.portal.call(ctx, http.MethodPost, "/table-order/tables", map[string]any{"name": table}, &at); err != nil {
		return err
	}
	m.made = append(m.made, "/table-order/tables/"+at.ID)
	var placed struct {
		Order struct {
			ID, Status string
			Total      json.Number
		}
		Payment payment
	}
	body := map[string]any{"items": []any{map[string]any{"productId": product.ID, "quantity": 1}}, "orderType": "dine_in", "payNow": true}
	if _, err := m.portal.call(ctx, http.MethodPost, "/table-order/menu/"+m.portal.merchant+"/"+at.Token, body, &placed); err != nil {
		return err
	}
	m.order = subject{placed.Order.ID, placed.Order.Total, placed.Order.Status}
	m.payment = placed.Payment
	m.payment.Status = "pending_sca"
	return nil
}

// clear takes the table and the product away; orders stay.
func (m *meal) clear(ctx context.Context) {
	for _, path := range m.made {
		if _, err := m.portal.call(ctx, http.MethodDelete, path, nil, nil); err != nil {
			fmt.Fprintf(m.term.notes, "%s stays: %v\n", path, err)
		}
	}
}

var (
	guestPays    = guest(payer.Authorise, "authorise the payment")
	guestRefuses = guest(payer.Refuse, "refuse the payment")
)

// guest opens the page of the payment and answers there.
func guest(answer, person string) step {
	return func(ctx context.Context, m *meal) error {
		made, err := m.open(ctx, m.payment)
		if err != nil {
			return err
		}
		return m.atBank(ctx, made, ending{answer: answer, person: person})
	}
}

func received(ctx context.Context, m *meal) error {
	return m.happened(ctx, "order.received", m.order.Reference)
}

// to is what the merchant makes of the order.
func to(status string) step {
	return func(ctx context.Context, m *meal) error {
		path := "/table-order/orders/" + m.order.Reference + "/status"
		if _, err := m.portal.call(ctx, http.MethodPost, path, map[string]any{"status": status}, nil); err != nil {
			return err
		}
		m.order.Status = status
		return nil
	}
}

// bankExecutes the payment that it waited with.
func bankExecutes(ctx context.Context, m *meal) error {
	if m.client.bank == "" {
		return errors.New("it takes the sandbox bank: set EUPAY_BANK_MGMT_URL to where it is switched")
	}
	bank := &client{url: m.client.bank, root: m.client.bank}
	var list struct{ Payments []struct{ ID int64 } }
	if _, err := bank.call(ctx, http.MethodGet, "/payments?reference_id="+m.payment.Reference, nil, &list); err != nil {
		return err
	}
	for _, p := range list.Payments {
		if _, err := bank.call(ctx, http.MethodPost, fmt.Sprintf("/payments/%d/settle", p.ID), map[string]any{}, nil); err != nil {
			return err
		}
	}
	return nil
}
