// Package promotion keeps the codes with which guests order for less. A code is reserved with the order, exactly as often as it may be used.
package promotion

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/plaintext"
	"european-pay.eu/eupay/internal/refuse"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/hours"
)

const (
	// Percentage is a code that takes off a part.
	Percentage = "percentage"
	// FixedAmount is a code that takes off a sum.
	FixedAmount = "fixed_amount"
)

const (
	noun    = "Promotion code"
	maxName = 100
	// wholePercent is 100 % in hundredths of a percent, and maxCents the highest price of the catalog.
	wholePercent = 10_000
	maxCents     = 100_000_000
	maxUses      = 1_000_000
	// maxCodes is the maximum per merchant.
	maxCodes = 500
)

// Code is a code of a merchant.
type Code struct {
	ID, Merchant, Text, Name, Type string
	// Value is in hundredths of a percent, or in cents.
	Value    int64
	MinOrder money.Cents
	// MaxUses is how many orders may use it; 0: any number. Uses are those that do.
	MaxUses, Uses        int64
	Products, Categories []string
	Active               bool
	// Nil: no limit. EndsAt is exclusive.
	StartsAt, EndsAt     *time.Time
	CreatedAt, UpdatedAt time.Time
}

// On reports whether the code makes a product cheaper.
func (c *Code) On(product, category string) bool {
	if len(c.Products)+len(c.Categories) == 0 {
		return true
	}
	return slices.Contains(c.Products, product) || category != "" && slices.Contains(c.Categories, category)
}

// Label is what the order calls the discount.
func (c *Code) Label() string {
	if c.Name != "" {
		return c.Name
	}
	return c.Text
}

func (c *Code) usable(now time.Time) bool {
	return c.Active && (c.StartsAt == nil || !now.Before(*c.StartsAt)) && (c.EndsAt == nil || now.Before(*c.EndsAt)) && (c.MaxUses == 0 || c.Uses < c.MaxUses)
}

// Refused is the only answer for a code that does not help, whatever the reason: whoever guesses codes learns nothing.
func Refused() error {
	return errs.Invalid(errs.Field{
		Field: "promotion_code", Message: "promotion_code cannot be used for this order. It may be misspelt, over, used up, or for other or larger orders.",
	})
}

// text is a code of four characters or more; its form is checked by the table too.
var text = regexp.MustCompile(`^[A-Z0-9-]{4,32}$`)

// normal is the code as it is stored: guests need not type capitals.
func normal(code string) string { return strings.ToUpper(strings.TrimSpace(code)) }

// read sets what a caller may set of a new code.
func (c *Code) read(in *qrv1.PromotionCode) error {
	c.Text = normal(in.GetCode())
	c.Name, c.Type, c.Value, c.MinOrder, c.MaxUses = in.GetName(), in.GetType(), in.GetValue(), money.Cents(in.GetMinOrderCents()), in.GetMaxUses()
	c.Products, c.Categories, c.Active = in.GetProducts(), in.GetCategories(), in.GetIsActive()
	c.StartsAt, c.EndsAt = instant(in.GetStartsAt()), instant(in.GetEndsAt())
	var bad refuse.Problems
	bad.If(!text.MatchString(c.Text), "code", "must have 4 to 32 letters, digits and hyphens")
	c.check(&bad)
	return bad.Err()
}

// change sets what is given.
func (c *Code) change(in *qrv1.UpdatePromotionCodeRequest) error {
	set(&c.Name, in.Name)
	set(&c.Type, in.Type)
	set(&c.Value, in.Value)
	set((*int64)(&c.MinOrder), in.MinOrderCents)
	set(&c.MaxUses, in.MaxUses)
	set(&c.Active, in.IsActive)
	if in.GetProducts() != nil {
		c.Products = in.GetProducts().GetEntries()
	}
	if in.GetCategories() != nil {
		c.Categories = in.GetCategories().GetEntries()
	}
	if in.GetStartsAt() != nil || in.GetNoStart() {
		c.StartsAt = instant(in.GetStartsAt())
	}
	if in.GetEndsAt() != nil || in.GetNoEnd() {
		c.EndsAt = instant(in.GetEndsAt())
	}
	var bad refuse.Problems
	c.check(&bad)
	return bad.Err()
}

func set[T any](field, to *T) {
	if to != nil {
		*field = *to
	}
}

func (c *Code) check(bad *refuse.Problems) {
	name, ok := plaintext.Line(c.Name, maxName)
	bad.If(!ok, "name", "must have at most %d characters", maxName)
	c.Name = name
	switch c.Type {
	case Percentage:
		bad.If(c.Value < 1 || c.Value > wholePercent, "value", "must be from 0.01 to 100 percent")
	case FixedAmount:
		bad.If(c.Value < 1 || c.Value > maxCents, "value", "must be from 0.01 to 1000000 euros")
	default:
		bad.Add("type", "must be percentage or fixed_amount")
	}
	bad.If(c.MinOrder < 0 || c.MinOrder > maxCents, "min_order", "must be from 0 to 1000000 euros")
	bad.If(c.MaxUses < 0 || c.MaxUses > maxUses, "max_uses", "must be from 0 (any number of orders) to %d", maxUses)
	hours.ReadChosen(bad, "", c.Products, c.Categories)
	bad.If(c.StartsAt != nil && c.EndsAt != nil && !c.StartsAt.Before(*c.EndsAt), "ends_at", "must be after starts_at")
}

func instant(t *timestamppb.Timestamp) *time.Time {
	if t == nil {
		return nil
	}
	at := t.AsTime().Truncate(time.Microsecond)
	return &at
}

func stamp(t *time.Time) *timestamppb.Timestamp {
	if t == nil {
		return nil
	}
	return timestamppb.New(*t)
}

func (c *Code) view() *qrv1.PromotionCode {
	return &qrv1.PromotionCode{
		Id: c.ID, Code: c.Text, Name: c.Name, Type: c.Type, Value: c.Value, MinOrderCents: int64(c.MinOrder), MaxUses: c.MaxUses, Uses: c.Uses,
		Products: c.Products, Categories: c.Categories, IsActive: c.Active, StartsAt: stamp(c.StartsAt), EndsAt: stamp(c.EndsAt),
		CreatedAt: timestamppb.New(c.CreatedAt), UpdatedAt: timestamppb.New(c.UpdatedAt),
	}
}
