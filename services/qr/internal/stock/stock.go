// Package stock keeps the movements of merchants' stock: why it changed, who changed it, and what it was before and after. The database records a
// movement whenever a stock changes; this package says why, announces what runs low, and reads movements. See docs/adr/0053-shops.md.
package stock

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/outbox"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// Reason says why a stock changed.
type Reason string

// The reasons. Merchants give the last five; a Count sets the stock to what was counted.
const (
	Sale         Reason = "sale"
	Cancellation Reason = "cancellation"
	Delivery     Reason = "delivery"
	Return       Reason = "return"
	Loss         Reason = "loss"
	Correction   Reason = "correction"
	Count        Reason = "count"
)

// Cause is what the movements of a transaction are about.
type Cause struct {
	// ID is that of the one movement which follows; empty: each gets one.
	ID     string
	Reason Reason
	// Reference is the id of an order, or what the merchant calls it; empty: none.
	Reference string
	// Actor is the id of the user who did it; empty: a guest, or the service.
	Actor string
	At    time.Time
}

// Set says why the stock changes from here to the end of tx.
func (c Cause) Set(ctx context.Context, tx pgx.Tx) error {
	b := &pgx.Batch{}
	c.Queue(b)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("say why the stock changes: %w", err)
	}
	return nil
}

// Announce records the events product.low_stock and product.sold_out of what has come down to its threshold or to nothing, in the transaction that
// changed the stock. Each crossing is announced once, and to both modes: they share the catalog.
func Announce(ctx context.Context, tx pgx.Tx, merchantID string, now time.Time) error {
	list, err := takeAlerts(ctx, tx, merchantID)
	if err != nil || len(list) == 0 {
		return err
	}
	b := &pgx.Batch{}
	for _, a := range list {
		for _, what := range a.types() {
			for _, live := range []bool{true, false} {
				e, err := a.event(merchantID, what, live, now)
				if err != nil {
					return err
				}
				outbox.Queue(ctx, b, e)
			}
		}
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("announce what runs low: %w", err)
	}
	return nil
}

// alert is a movement that came down to a threshold or to nothing.
type alert struct {
	Movement
	Threshold int32
	SKU, EAN  string
}

// types are the events of the alert. A stock that falls past its threshold to nothing crosses both.
func (a alert) types() []string {
	var list []string
	if a.Threshold > 0 && a.Before > a.Threshold && a.After <= a.Threshold {
		list = append(list, "product.low_stock")
	}
	if a.After == 0 {
		list = append(list, "product.sold_out")
	}
	return list
}

func (a alert) event(merchantID, what string, live bool, now time.Time) (events.Event, error) {
	data, err := proto.Marshal(&eventsv1.StockAlert{
		MerchantId: merchantID, Livemode: live, ProductId: a.ProductID, VariantId: a.VariantID, Name: a.Name, Sku: a.SKU, Ean: a.EAN,
		StockQuantity: a.After, LowStockAt: a.Threshold, Sequence: a.Sequence, OccurredAt: timestamppb.New(a.At),
	})
	if err != nil {
		return events.Event{}, fmt.Errorf("encode %s: %w", what, err)
	}
	return events.Event{ID: events.NewID(), Type: what, Source: "qr", Merchant: merchantID, Livemode: live, Time: now, Data: data}, nil
}

// Movement is one change of the stock of a product, or of a variant of it.
type Movement struct {
	ID, ProductID, VariantID, Name string
	Reason                         Reason
	// Quantity is After less Before.
	Quantity, Before, After int32
	Reference, Actor        string
	// Sequence counts the movements of the product or variant.
	Sequence int64
	At       time.Time
}

// Message returns the movement for callers of the service.
func (m Movement) Message() *qrv1.StockMovement {
	return &qrv1.StockMovement{
		Id: m.ID, ProductId: m.ProductID, VariantId: m.VariantID, Name: m.Name, Reason: string(m.Reason), Quantity: m.Quantity, StockBefore: m.Before,
		StockAfter: m.After, Reference: m.Reference, Actor: m.Actor, Sequence: m.Sequence, OccurredAt: timestamppb.New(m.At),
	}
}
