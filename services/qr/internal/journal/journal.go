// Package journal records everything that concerns the money of a merchant's sales at tables and counters in a chain of hashes: what was sold,
// received, given back and cancelled, and each closing. Entries are never changed; a correction is an entry of its own. So the records are
// unalterable, secured, kept and archived (article 286 I 3° bis CGI; BOI-TVA-DECLA-30-10-30). See docs/adr/0047-a-journal-of-sales.md.
package journal

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
)

// Kind says what an entry records.
type Kind string

// The kinds of entries. Amounts of Cancelled and Refunded are negative.
const (
	// Ordered is an order that owes its total: placed, to be paid.
	Ordered Kind = "ordered"
	// Cancelled takes an order, or a part of it, out of what is owed.
	Cancelled Kind = "cancelled"
	// Paid is money received.
	Paid Kind = "paid"
	// Refunded is money given back.
	Refunded Kind = "refunded"
	// Printed is a note or ticket that was issued, or issued again.
	Printed Kind = "printed"
	// Closed is the closing of a day, month or year.
	Closed Kind = "closed"
	// Exported is an archive that was taken.
	Exported Kind = "exported"
)

// ByEUPay is the method of payments through the gateway. The others are what a merchant says: cash, card, voucher, other.
const ByEUPay = "eupay"

// Entry is one record. It names no person: it can never be erased.
type Entry struct {
	MerchantID string
	Livemode   bool
	Kind       Kind
	// At is when it happened, in UTC.
	At time.Time
	// OrderID and BillID are what it is about; empty if none.
	OrderID, BillID string
	// Reference is the payment's or refund's, or the number of a document.
	Reference string
	// Of is the reference of the payment that a Refunded gives back; empty if it is not known.
	Of string
	// Method of Paid and Refunded.
	Method string
	// Goods tells what was taken away from what was served, which is a service.
	Goods bool
	// Amount includes VAT and excludes Tip, which is no turnover.
	Amount, Tip money.Cents
	// Taxes are the Amount by rate.
	Taxes []vat.Share
	// Detail is what else belongs to the record, such as the lines of an order; encoded as JSON. nil: nothing.
	Detail any
}

// Record is an Entry in its chain.
type Record struct {
	Entry
	// Sequence counts the entries of a merchant and mode from 1.
	Sequence int64
	// Body is the text that was hashed.
	Body           string
	Previous, Hash []byte
}

// body is the text of an entry, in this order of fields.
type body struct {
	Kind      Kind            `json:"kind"`
	At        time.Time       `json:"at"`
	OrderID   string          `json:"order_id,omitempty"`
	BillID    string          `json:"bill_id,omitempty"`
	Reference string          `json:"reference,omitempty"`
	Of        string          `json:"of,omitempty"`
	Method    string          `json:"method,omitempty"`
	Goods     bool            `json:"goods,omitempty"`
	Amount    money.Cents     `json:"amount"`
	Tip       money.Cents     `json:"tip,omitempty"`
	Taxes     []Share         `json:"taxes,omitempty"`
	Detail    json.RawMessage `json:"detail,omitempty"`
}

// Share is a vat.Share in a text that is hashed: amounts are euros, the rate is per mille.
type Share struct {
	Rate  vat.Rate    `json:"rate"`
	Gross money.Cents `json:"gross"`
	VAT   money.Cents `json:"vat"`
}

// Shares returns shares as texts have them.
func Shares(list []vat.Share) []Share {
	shares := make([]Share, len(list))
	for i, s := range list {
		shares[i] = Share(s)
	}
	return shares
}

func sharesOf(list []Share) []vat.Share {
	shares := make([]vat.Share, len(list))
	for i, s := range list {
		shares[i] = vat.Share(s)
	}
	return shares
}

// form is the first line of the text that is hashed.
const form = "eupay-journal-1"

// Hash returns the SHA-256 of an entry after the one with the hash previous, which is 32 zero bytes for the first. The text has six lines, each with a
// line feed: the form, the merchant, "live" or "test", the sequence, previous in hex, and the body.
func Hash(merchantID string, livemode bool, sequence int64, previous []byte, body string) []byte {
	mode := "test"
	if livemode {
		mode = "live"
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s\n%d\n%x\n%s\n", form, merchantID, mode, sequence, previous, body))
	return sum[:]
}

// Append adds an entry to its merchant's chain. It is the last thing that a transaction locks: the next entry of the merchant waits for its end.
// Money that did not come by EU Pay is announced, so that it is e-reported.
func Append(ctx context.Context, tx pgx.Tx, e Entry) (*Record, error) {
	e.At = e.At.UTC().Truncate(time.Microsecond)
	text, err := e.body()
	if err != nil {
		return nil, err
	}
	r := &Record{Entry: e, Body: text}
	if r.Sequence, r.Previous, err = lockHead(ctx, tx, e.MerchantID, e.Livemode); err != nil {
		return nil, err
	}
	r.Sequence++
	r.Hash = Hash(e.MerchantID, e.Livemode, r.Sequence, r.Previous, r.Body)
	if err := insert(ctx, tx, r); err != nil {
		return nil, err
	}
	return r, announce(ctx, tx, r)
}

func (e Entry) body() (string, error) {
	b := body{
		Kind: e.Kind, At: e.At, OrderID: e.OrderID, BillID: e.BillID, Reference: e.Reference, Of: e.Of, Method: e.Method, Goods: e.Goods,
		Amount: e.Amount, Tip: e.Tip, Taxes: Shares(e.Taxes),
	}
	if e.Detail != nil {
		detail, err := json.Marshal(e.Detail)
		if err != nil {
			return "", fmt.Errorf("encode the detail of a record: %w", err)
		}
		b.Detail = detail
	}
	text, err := json.Marshal(b)
	if err != nil {
		return "", fmt.Errorf("encode a record: %w", err)
	}
	return string(text), nil
}
