package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"european-pay.eu/eupay/cmd/internal/payer"
	eupay "european-pay.eu/eupay/sdk/go"
)

const (
	tableName = "eupay trigger"
	// hangingTable is a name that makes the bank hold the payments of its orders: it reads their descriptions.
	hangingTable = tableName + " sandbox:hang"
)

var orderWays = []way{
	ordered("order.awaiting_payment", "a guest orders, and does not pay", tableName),
	ordered("order.received", "a guest orders and pays", tableName, guestPays),
	ordered("order.preparing", "a guest orders and pays, and you begin", tableName, guestPays, received, to(eupay.OrderPreparing)),
	ordered("order.ready", "a guest orders and pays, and you have it ready", tableName, guestPays, received, to(eupay.OrderPreparing), to(eupay.OrderReady)),
	ordered("order.served", "a guest orders and pays, and you serve it", tableName, guestPays, received, to(eupay.OrderPreparing),
		to(eupay.OrderReady), to(eupay.OrderServed)),
	ordered("order.cancelled", "a guest orders, and you cancel", tableName, to(eupay.OrderCancelled)),
	ordered("order.payment_failed", "a guest orders, and refuses to pay at the bank", tableName, guestRefuses),
	ordered("order.paid_late", "a guest pays, and you cancel before the bank has executed it", hangingTable, guestPays, to(eupay.OrderCancelled), bankExecutes),
	ordered("till.closed", "a guest orders and pays, and you close the day", tableName, guestPays, received, dayCloses),
}

// meal is an order with the table that was created for it.
type meal struct {
	*play
	portal portal
	// product and table are the ids to remove when the event has happened; empty: none.
	product, table string
	order          subject
	payment        *eupay.Payment
}

// step is an action on an order.
type step func(context.Context, *meal) error

// ordered returns the way to an event of an order: place it, take the steps, wait for the event.
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
		return m.order, p.happened(ctx, event, m.order.reference)
	}}
}

// place creates a product and a table, and orders the product there.
func (m *meal) place(ctx context.Context, table string) error {
	product, err := m.portal.Products.Create(ctx, eupay.ProductParams{Name: tableName, PriceTTC: m.amount})
	if err != nil {
		return err
	}
	m.product = product.ID
	at, err := m.portal.Tables.Create(ctx, eupay.TableParams{Name: table})
	if err != nil {
		return err
	}
	m.table = at.ID
	placed, err := m.portal.Menus.Order(ctx, m.portal.merchant, at.QRToken, eupay.OrderParams{
		Items: []eupay.OrderItem{{ProductID: product.ID, Quantity: 1}}, OrderType: "dine_in", PayNow: true,
	})
	if err != nil {
		return err
	}
	m.order = subject{placed.Order.ID, placed.Order.Total, string(placed.Order.Status)}
	m.payment = &eupay.Payment{Status: eupay.PaymentPendingSCA}
	if placed.Payment != nil {
		m.payment.Reference, m.payment.PaymentURL = placed.Payment.Reference, placed.Payment.PaymentURL
	}
	return nil
}

// clear removes the table and the product; orders are kept.
func (m *meal) clear(ctx context.Context) {
	remove := func(path, id string, remove func(context.Context, string) error) {
		if id == "" {
			return
		}
		if err := remove(ctx, id); err != nil {
			fmt.Fprintf(m.term.notes, "%s%s stays: %v\n", path, id, err)
		}
	}
	remove("/product/", m.product, m.portal.Products.Delete)
	remove("/table-order/tables/", m.table, m.portal.Tables.Delete)
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
	return m.happened(ctx, "order.received", m.order.reference)
}

// to moves the order to a status, as the merchant.
func to(status eupay.OrderStatus) step {
	return func(ctx context.Context, m *meal) error {
		if _, err := m.portal.Orders.SetStatus(ctx, m.order.reference, eupay.OrderStatusParams{Status: status}); err != nil {
			return err
		}
		m.order.status = string(status)
		return nil
	}
}

// dayCloses closes the day, which the event is about.
func dayCloses(ctx context.Context, m *meal) error {
	c, err := m.portal.Till.CloseDay(ctx)
	if err != nil {
		return err
	}
	m.order = subject{c.ID, c.Gross, c.Period}
	return nil
}

// bankExecutes releases the payment that the bank holds.
func bankExecutes(ctx context.Context, m *meal) error {
	if m.client.bank == "" {
		return errors.New("it takes the sandbox bank: set EUPAY_BANK_MGMT_URL to where it is switched")
	}
	var list struct{ Payments []struct{ ID int64 } }
	if err := page(ctx, http.MethodGet, m.client.bank+"/payments?reference_id="+m.payment.Reference, "", "", &list); err != nil {
		return err
	}
	for _, p := range list.Payments {
		if err := page(ctx, http.MethodPost, fmt.Sprintf("%s/payments/%d/settle", m.client.bank, p.ID), "application/json", "{}", nil); err != nil {
			return err
		}
	}
	return nil
}
