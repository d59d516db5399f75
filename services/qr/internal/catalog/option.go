package catalog

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/plaintext"
	"european-pay.eu/eupay/internal/run/events"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

const (
	// MaxOptionGroups is the maximum per merchant.
	MaxOptionGroups = 500
	// maxOptions is the maximum of one group, and maxGroups of one product.
	maxOptions, maxGroups = 50, 10
	maxOptionName         = 100
	groupNoun             = "Option group"
)

// OptionGroup is a choice that guests make of a product, such as its size or what is added. One group may belong to many products.
type OptionGroup struct {
	ID, MerchantID, Name string
	// Min and Max are how many options a guest chooses. 1 and 1 is a variant, such as the size.
	Min, Max             int32
	Options              []Option
	CreatedAt, UpdatedAt time.Time
	Translations         Translations
}

// Option is one of a group.
type Option struct {
	ID, Name string
	// Price is added to the product's price, VAT included at the product's rate.
	Price money.Cents
	// Default options are chosen when the page opens. An option that is not Available is sold out.
	Default, Available bool
	Translations       Translations
}

// read sets what a caller may set, and validates it. An option with an id must be one of the group's; others get one.
func (g *OptionGroup) read(in *qrv1.OptionGroup) error {
	var bad refusals
	g.Name = bad.name("name", in.GetName())
	g.Min, g.Max = in.GetMinChoices(), in.GetMaxChoices()
	if t := in.GetTranslations(); t != nil {
		g.Translations = translationsOf(t.GetByLanguage())
		bad.translations("translations", g.Translations, maxOptionName, 0)
	}
	given := in.GetOptions()
	bad.unless(len(given) >= 1 && len(given) <= maxOptions, "options", "must have 1 to %d options", maxOptions)
	bad.unless(g.Max >= 1 && int(g.Max) <= max(len(given), 1), "max_choices", "must be from 1 to the number of options")
	bad.unless(g.Min >= 0 && g.Min <= g.Max, "min_choices", "must be from 0 to max_choices")
	known, said := make(map[string]bool, len(g.Options)), make(map[string]Translations, len(g.Options))
	for _, o := range g.Options {
		known[o.ID], said[o.ID] = true, o.Translations
	}
	g.Options = nil
	defaults := int32(0)
	for i, o := range given[:min(len(given), maxOptions)] {
		field := fmt.Sprintf("options[%d].", i)
		next := Option{
			ID: o.GetId(), Name: bad.name(field+"name", o.GetName()), Price: money.Cents(o.GetPriceCents()), Default: o.GetIsDefault(), Available: o.GetIsAvailable(),
			Translations: said[o.GetId()],
		}
		if t := o.GetTranslations(); t != nil {
			next.Translations = translationsOf(t.GetByLanguage())
			bad.translations(field+"translations", next.Translations, maxOptionName, 0)
		}
		if next.Default {
			defaults++
		}
		bad.unless(next.Price >= 0 && next.Price <= MaxPrice, field+"price", "must be from 0 to %s", MaxPrice.JSON())
		bad.unless(next.ID == "" || known[next.ID], field+"id", "must be the id of an option of this group; leave it out for a new option")
		if next.ID == "" {
			next.ID = events.NewID()
		}
		delete(known, next.ID) // named once
		g.Options = append(g.Options, next)
	}
	bad.unless(defaults <= g.Max, "options", "must have at most max_choices options with is_default")
	return bad.err()
}

// name cleans a name and refuses one that is empty or too long.
func (r *refusals) name(field, given string) string {
	s, ok := plaintext.Line(given, maxOptionName)
	r.unless(ok && s != "", field, "must have 1 to %d visible characters", maxOptionName)
	return s
}

func (g *OptionGroup) message() *qrv1.OptionGroup {
	m := &qrv1.OptionGroup{
		Id: g.ID, MerchantId: g.MerchantID, Name: g.Name, MinChoices: g.Min, MaxChoices: g.Max, CreatedAt: timestamppb.New(g.CreatedAt),
		UpdatedAt: timestamppb.New(g.UpdatedAt), Translations: &qrv1.Translations{ByLanguage: g.Translations.proto()},
	}
	for _, o := range g.Options {
		m.Options = append(m.Options, &qrv1.Option{
			Id: o.ID, Name: o.Name, PriceCents: int64(o.Price), IsDefault: o.Default, IsAvailable: o.Available,
			Translations: &qrv1.Translations{ByLanguage: o.Translations.proto()},
		})
	}
	return m
}

// checkGroups validates the form of the ids; whether they are the merchant's is a question for the database.
func (f *Fields) checkGroups(bad *refusals) {
	if f.Groups == nil {
		return
	}
	ids := slices.Clone(*f.Groups)
	slices.Sort(ids)
	bad.unless(len(ids) <= maxGroups && len(slices.Compact(ids)) == len(*f.Groups), "option_groups", "must be at most %d ids, each once", maxGroups)
	bad.unless(!slices.ContainsFunc(ids, func(id string) bool { return !isID(id) }), "option_groups", "must be the ids of your option groups")
}

// groupsOf reads a request's; nil: they are not given.
func groupsOf(m *qrv1.OptionGroupIDs) *[]string {
	if m == nil {
		return nil
	}
	ids := append([]string{}, m.GetIds()...)
	return &ids
}

// Chosen is an option as it is when an order is placed.
type Chosen struct {
	ID, Group, Name string
	Price           money.Cents
}

// Choose checks what a guest chose of a product that has the groups, and returns it in the order of the menu. Its error is one of the field,
// and says what to choose.
func Choose(groups []OptionGroup, ids []string, field string) ([]Chosen, error) {
	var bad refusals
	left := make(map[string]bool, len(ids))
	for _, id := range ids {
		bad.unless(!left[id], field, "must name each option at most once")
		left[id] = true
	}
	var chosen []Chosen
	for _, g := range groups {
		n := int32(0)
		for _, o := range g.Options {
			if !left[o.ID] {
				continue
			}
			delete(left, o.ID)
			n++
			bad.unless(o.Available, field, "has %q, which is sold out", o.Name)
			chosen = append(chosen, Chosen{ID: o.ID, Group: g.Name, Name: o.Name, Price: o.Price})
		}
		bad.unless(n >= g.Min && n <= g.Max, field, "must have %s of %q", g.count(), g.Name)
	}
	bad.unless(len(left) == 0, field, "must be options of this product")
	return chosen, bad.err()
}

// count says how many options a guest chooses.
func (g *OptionGroup) count() string {
	switch {
	case g.Min == g.Max && g.Min == 1:
		return "1 option"
	case g.Min == g.Max:
		return fmt.Sprintf("%d options", g.Min)
	case g.Min == 0:
		return fmt.Sprintf("at most %d of the options", g.Max)
	default:
		return fmt.Sprintf("%d to %d options", g.Min, g.Max)
	}
}

func errNoGroups(missing []string) error {
	return errs.Invalid(errs.Field{Field: "option_groups", Message: "option_groups must be the ids of your option groups; unknown: " + strings.Join(missing, ", ") + "."})
}
