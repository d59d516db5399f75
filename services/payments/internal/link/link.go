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
	"european-pay.eu/eupay/services/payments/internal/payment"
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
func (x Link) Single() bool { return x.UsesMax == 1 }

// usedUp reports whether the whole stock is paid.
func (x Link) usedUp() bool { return x.UsesMax > 0 && x.UsesPaid+x.UsesBeyond >= x.UsesMax }

// hasRoom reports whether one more payment may take a place in the stock.
func (x Link) hasRoom() bool { return x.UsesMax == 0 || x.UsesOpen+x.UsesPaid < x.UsesMax }

// lapsed reports whether its time is over.
func (x Link) lapsed(now time.Time) bool { return x.ExpiresAt != nil && !now.Before(*x.ExpiresAt) }

// schedule sets when the link is due: when it expires. A link that the provider hosts is due by that too.
func (x *Link) schedule() {
	if x.Host != EUPay {
		return
	}
	x.DueAt = nil
	if x.Status == Active {
		x.DueAt = x.ExpiresAt
	}
}

// Proto returns the link as other services see it.
func (x Link) Proto() *paymentsv1.PaymentLink {
	return &paymentsv1.PaymentLink{
		Id: x.ID, MerchantId: x.MerchantID, Livemode: x.Livemode, Slug: x.Slug, Host: string(x.Host), Url: x.URL,
		Status: string(x.Status), StatusDetail: x.Detail, AmountCents: int64(x.Amount), MinimumCents: int64(x.Minimum), MaximumCents: int64(x.Maximum),
		Currency: x.Currency, UsesMax: int32(x.UsesMax), UsesOpen: int32(x.UsesOpen), UsesPaid: int32(x.UsesPaid + x.UsesBeyond),
		AmountPaidCents: int64(x.AmountPaid), ExpiresAt: payment.Stamp(x.ExpiresAt), Description: x.Description, Reference: x.Reference,
		SuccessUrl: x.SuccessURL, MetadataJson: []byte(x.Metadata), SubscriptionId: x.SubscriptionID, Sequence: x.Sequence,
		CreatedAt: timestamppb.New(x.CreatedAt), UpdatedAt: timestamppb.New(x.UpdatedAt),
		PaidAt: payment.Stamp(x.PaidAt), ExpiredAt: payment.Stamp(x.ExpiredAt), RevokedAt: payment.Stamp(x.RevokedAt),
	}
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
