package bill

import (
	"fmt"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/refuse"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/charge"
)

// The kinds of shares.
const (
	kindEqual  = "equal"
	kindItems  = "items"
	kindAmount = "amount"
	kindRest   = "rest"
)

// The states of a share beside open.
const (
	paid      = "paid"
	failed    = "failed"
	expired   = "expired"
	cancelled = "cancelled"
)

// Limits of shares.
const (
	maxPeople = 100
	maxPieces = 100
	// maxTip is far above what anybody gives, so that a slip of a finger is found.
	maxTip money.Cents = 500_00
	// maxOpenShares is how many shares of a bill may be open at once.
	maxOpenShares = 30
	// maxShares is how many a bill may ever have.
	maxShares = 500
	// Minutes for which a part is set aside.
	minHold, usualHold, maxHold = 5, 15, 35
)

// share is a part of a bill that somebody pays with EU Pay.
type share struct {
	ID, BillID, Merchant string
	Livemode             bool
	Kind, Status         string
	Amount, Tip          money.Cents
	People, Parts        int32
	Items                []pieces
	Description, Page    string
	Reference            string
	PaymentURL           string
	PaymentCreatedAt     *time.Time
	MerchantVersion      int64
	Failure              string
	Attempts             int
	ExpiresAt, CreatedAt time.Time
	trace                string
}

// pieces of a line.
type pieces struct {
	OrderID  string      `json:"order_id"`
	Position int32       `json:"position"`
	Quantity int32       `json:"quantity"`
	Cents    money.Cents `json:"cents"`
}

// decodeShare decodes a request.
func decodeShare(r *qrv1.CreateShareRequest) (*share, error) {
	s := &share{Kind: r.GetKind(), Tip: money.Cents(r.GetTipCents())}
	var bad refuse.Problems
	switch s.Kind {
	case kindEqual:
		s.People, s.Parts = r.GetPeople(), r.GetParts()
		bad.If(s.People < 2 || s.People > maxPeople, "people", "must be from 2 to %d", maxPeople)
		bad.If(s.Parts < 1 || s.Parts > s.People, "parts", "must be from 1 to the number of people")
	case kindItems:
		if n := len(r.GetItems()); n < 1 || n > maxPieces {
			bad.Add("items", "must have 1 to %d items", maxPieces)
		} else {
			s.Items = readPieces(&bad, r.GetItems())
		}
	case kindAmount:
		s.Amount = money.Cents(r.GetAmountCents())
		bad.If(s.Amount < 1 || s.Amount > charge.MaxAmount, "amount", "must be from 0.01 to 10000.00")
	case kindRest:
	default:
		bad.Add("kind", "must be equal, items, amount or rest")
	}
	bad.If(s.Tip < 0 || s.Tip > maxTip, "tip", "must be from 0 to %s", maxTip)
	bad.If(r.GetHoldMinutes() != 0 && (r.GetHoldMinutes() < minHold || r.GetHoldMinutes() > maxHold), "hold_minutes", "must be from %d to %d", minHold, maxHold)
	return s, bad.Err()
}

func readPieces(bad *refuse.Problems, items []*qrv1.ShareItem) []pieces {
	type place struct {
		order    string
		position int32
	}
	seen := make(map[place]bool)
	list := make([]pieces, 0, len(items))
	for i, item := range items {
		at := place{item.GetOrderId(), item.GetPosition()}
		bad.If(item.GetQuantity() < 1, refuse.At("items", i)+".quantity", "must be at least 1")
		bad.If(seen[at], refuse.At("items", i), "names a line that another item names")
		seen[at] = true
		list = append(list, pieces{OrderID: item.GetOrderId(), Position: item.GetPosition(), Quantity: item.GetQuantity()})
	}
	return list
}

// measure sets what the share costs. A part of a bill is never more than what nobody else has taken.
func (a *account) measure(s *share) error {
	free := a.free()
	if err := a.mayShare(free); err != nil {
		return err
	}
	var err error
	switch s.Kind {
	case kindEqual:
		s.Amount, err = a.equalPart(s, free)
	case kindItems:
		s.Amount, err = a.priceOf(s.Items)
		s.Amount = min(s.Amount, free)
	case kindAmount:
		if s.Amount > free {
			err = errs.New(errs.InvalidState, "Only %s %s of this bill is left to pay. Pay at most that.", free, currency)
		}
	case kindRest:
		s.Amount = free
	}
	if err != nil {
		return err
	}
	if s.Amount < 1 {
		return errs.New(errs.InvalidState, "This part of the bill costs nothing. Choose another.")
	}
	if s.Amount+s.Tip > charge.MaxAmount {
		return errs.New(errs.InvalidState, "One payment is at most 10000.00 with its tip. Choose a smaller part.")
	}
	return nil
}

// mayShare says why nothing of a bill can be taken.
func (a *account) mayShare(free money.Cents) error {
	openShares := 0
	for _, s := range a.Shares {
		if s.Status == open {
			openShares++
		}
	}
	switch {
	case a.Status != open:
		return errs.New(errs.InvalidState, "This bill is closed. Nothing of it is to be paid any more.")
	case a.due() == 0:
		return errs.New(errs.InvalidState, "Nothing of this bill is to be paid.")
	case free == 0:
		return errs.New(errs.InvalidState, "The rest of this bill is being paid by others at the moment. Try again in a few minutes.")
	case openShares >= maxOpenShares:
		return errs.New(errs.InvalidState, "Too many parts of this bill are being paid at the moment. Try again in a few minutes.")
	}
	return nil
}

// equalPart returns what the share's parts cost: of what is free, as many as are left of the people's parts. The last one gets what is left, so all
// add up.
func (a *account) equalPart(s *share, free money.Cents) (money.Cents, error) {
	left := s.People
	for _, other := range a.Shares {
		if other.Kind == kindEqual && other.People == s.People && a.counts(other) {
			left -= other.Parts
		}
	}
	switch {
	case left <= 0:
		return 0, errs.New(errs.InvalidState, "All %d parts of this bill are paid or being paid. Choose what is left.", s.People)
	case s.Parts > left:
		return 0, errs.Invalid(errs.Field{Field: "parts", Message: fmt.Sprintf("parts must be at most %d: the others are paid or being paid.", left)})
	}
	return money.Cents(money.MulDivHalfAway(int64(free), int64(s.Parts), int64(left))), nil
}

// counts reports whether a share has its part of the bill: it is open, or was paid and not given back.
func (a *account) counts(s *share) bool {
	if s.Status == open {
		return true
	}
	for _, p := range a.Payments {
		if p.ShareID == s.ID {
			return p.kept() > 0
		}
	}
	return false
}

// priceOf prices pieces of lines, and notes the price of each. The last pieces of a line cost what the others have left of it.
func (a *account) priceOf(items []pieces) (sum money.Cents, err error) {
	var bad refuse.Problems
	for i := range items {
		it := &items[i]
		l := a.lineAt(it.OrderID, it.Position)
		if l == nil {
			bad.Add(refuse.At("items", i), "is no line of this bill")
			continue
		}
		taken, cents := a.taken(l)
		left := max(0, l.Quantity-taken)
		if it.Quantity > left {
			bad.Add(refuse.At("items", i)+".quantity", "must be at most %d: the others are paid or being paid", left)
			continue
		}
		it.Cents = max(0, l.Total-cents)
		if it.Quantity < left {
			it.Cents = min(it.Cents, money.Cents(money.MulDivHalfAway(int64(l.Total), int64(it.Quantity), int64(l.Quantity))))
		}
		sum += it.Cents
	}
	return sum, bad.Err()
}

func (a *account) lineAt(orderID string, position int32) *line {
	for i := range a.Lines {
		if a.Lines[i].OrderID == orderID && a.Lines[i].Position == position {
			return &a.Lines[i]
		}
	}
	return nil
}

// taken is how many pieces of a line shares have, and what these cost.
func (a *account) taken(l *line) (count int32, cents money.Cents) {
	for _, s := range a.Shares {
		if len(s.Items) == 0 || !a.counts(s) {
			continue
		}
		for _, it := range s.Items {
			if it.OrderID == l.OrderID && it.Position == l.Position {
				count, cents = count+it.Quantity, cents+it.Cents
			}
		}
	}
	return count, cents
}
