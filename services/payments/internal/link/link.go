// Package link keeps payment links: addresses at which a payer finds what is to be paid. A link has a stock of uses; each payment takes
// one when it is recorded, in one transaction with the link's lock, and gives it back when it ends unpaid.
package link

import (
	"crypto/rand"
	"encoding/hex"
	"math/big"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// Status of a link.
type Status string

// The statuses. Paid: the whole stock is paid. Expired and Revoked links take no new payment, but one that is open may still be paid:
// if that uses up the stock, the link becomes Paid, because the money came.
const (
	Active  Status = "active"
	Paid    Status = "paid"
	Expired Status = "expired"
	Revoked Status = "revoked"
)

// moves is the state machine.
var moves = map[Status][]Status{Active: {Paid, Expired, Revoked}, Expired: {Paid}, Revoked: {Paid}}

// Host is who shows the link's page to the payer.
type Host string

// The hosts.
const (
	EUPay  Host = "eupay"
	Powens Host = "powens"
)

// Link is a row of payment_links. Times are UTC; a nil time is absent.
type Link struct {
	ID         string
	MerchantID string
	Livemode   bool
	// Slug is the word in the address of our page; empty for a link that the provider hosts.
	Slug   string
	Host   Host
	Status Status
	Detail string
	// Amount is 0 when the payer chooses, between Minimum and Maximum; a bound of 0 is none.
	Amount, Minimum, Maximum money.Cents
	Currency                 string
	// UsesMax is the stock; 0: any number.
	UsesMax, UsesOpen, UsesPaid, UsesBeyond int
	AmountPaid                              money.Cents
	ExpiresAt                               *time.Time
	Description, Reference, SuccessURL      string
	// Metadata is a JSON object; empty: none.
	Metadata       string
	SubscriptionID string
	Sequence       int64
	DueAt          *time.Time
	CreatedAt      time.Time
	UpdatedAt      time.Time

	PaidAt, ExpiredAt, RevokedAt *time.Time
	// URL is where the payer pays; empty while the provider, who hosts the link, has not given it.
	URL string
}

// Single reports whether the link is paid once.
func (l Link) Single() bool { return l.UsesMax == 1 }

// usedUp reports whether the whole stock is paid.
func (l Link) usedUp() bool { return l.UsesMax > 0 && l.UsesPaid+l.UsesBeyond >= l.UsesMax }

// hasRoom reports whether one more payment may take a place in the stock.
func (l Link) hasRoom() bool { return l.UsesMax == 0 || l.UsesOpen+l.UsesPaid < l.UsesMax }

// lapsed reports whether its time is over.
func (l Link) lapsed(now time.Time) bool { return l.ExpiresAt != nil && !now.Before(*l.ExpiresAt) }

// scheduled sets when the link is due: when it expires. A link that the provider hosts is due by that too.
func (l *Link) schedule() {
	if l.Host != EUPay {
		return
	}
	l.DueAt = nil
	if l.Status == Active {
		l.DueAt = l.ExpiresAt
	}
}

// Proto returns the link as other services see it.
func (l Link) Proto() *paymentsv1.PaymentLink {
	return &paymentsv1.PaymentLink{
		Id: l.ID, MerchantId: l.MerchantID, Livemode: l.Livemode, Slug: l.Slug, Host: string(l.Host), Url: l.URL,
		Status: string(l.Status), StatusDetail: l.Detail, AmountCents: int64(l.Amount), MinimumCents: int64(l.Minimum), MaximumCents: int64(l.Maximum),
		Currency: l.Currency, UsesMax: int32(l.UsesMax), UsesOpen: int32(l.UsesOpen), UsesPaid: int32(l.UsesPaid + l.UsesBeyond),
		AmountPaidCents: int64(l.AmountPaid), ExpiresAt: stamp(l.ExpiresAt), Description: l.Description, Reference: l.Reference,
		SuccessUrl: l.SuccessURL, MetadataJson: []byte(l.Metadata), SubscriptionId: l.SubscriptionID, Sequence: l.Sequence,
		CreatedAt: timestamppb.New(l.CreatedAt), UpdatedAt: timestamppb.New(l.UpdatedAt),
		PaidAt: stamp(l.PaidAt), ExpiredAt: stamp(l.ExpiredAt), RevokedAt: stamp(l.RevokedAt),
	}
}

func stamp(t *time.Time) *timestamppb.Timestamp {
	if t == nil {
		return nil
	}
	return timestamppb.New(*t)
}

// Use states: the place of a payment in the stock of its link.
const (
	useOpen     = "open"
	usePaid     = "paid"
	useReleased = "released"
)

// newID returns the id of a link: 96 random bits.
func newID() string {
	var random [12]byte
	rand.Read(random[:]) // never returns an error
	return "plink_" + hex.EncodeToString(random[:])
}

// base58 has no letters that look like others.
const base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

// slugLength makes 58 bits: with sixty guesses a minute nobody finds one of a million links in a thousand years.
const slugLength = 10

func newSlug() string {
	word := make([]byte, slugLength)
	for i := range word {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(base58))))
		if err != nil {
			panic(err) // cannot happen: crypto/rand never fails
		}
		word[i] = base58[n.Int64()]
	}
	return string(word)
}
