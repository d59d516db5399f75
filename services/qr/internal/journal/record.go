package journal

import (
	"encoding/json"
	"fmt"
	"slices"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
)

// Who is whose journal it is, and its mode.
type Who struct {
	MerchantID string
	Livemode   bool
}

// read takes the entry from the text that was hashed. Its Detail is a json.RawMessage.
func (r *Record) read(who Who) error {
	var b body
	if err := json.Unmarshal([]byte(r.Body), &b); err != nil {
		return fmt.Errorf("read record %d of the journal: %w", r.Sequence, err)
	}
	r.Entry = Entry{
		MerchantID: who.MerchantID, Livemode: who.Livemode, Kind: b.Kind, At: b.At, OrderID: b.OrderID, BillID: b.BillID, Reference: b.Reference, Of: b.Of,
		Method: b.Method, Goods: b.Goods, Amount: b.Amount, Tip: b.Tip, Taxes: sharesOf(b.Taxes),
	}
	if b.Detail != nil {
		r.Detail = b.Detail
	}
	return nil
}

// Has reports whether one of the records is of that kind and reference.
func Has(records []Record, kind Kind, reference string) bool {
	return slices.ContainsFunc(records, func(r Record) bool { return r.Kind == kind && r.Reference == reference })
}

// Owed returns what was ordered and not cancelled, by rate.
func Owed(records []Record) []vat.Share {
	var lists [][]vat.Share
	for _, r := range records {
		if r.Kind == Ordered || r.Kind == Cancelled {
			lists = append(lists, r.Taxes)
		}
	}
	return vat.Sum(lists...)
}

// Back returns what was given back so far: not below zero.
func Back(records []Record) (sum money.Cents) {
	for _, r := range records {
		if r.Kind == Refunded {
			sum -= r.Amount
		}
	}
	return sum
}

// Less is the opposite of shares: the Taxes of what is cancelled or given back.
func Less(shares []vat.Share) []vat.Share { return vat.Minus(nil, shares) }
