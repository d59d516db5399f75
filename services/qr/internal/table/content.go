package table

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/qr/internal/catalog"
	"european-pay.eu/eupay/services/qr/internal/hours"
)

// content is the data of a menu, read from one snapshot.
type content struct {
	version  int64
	known    bool
	merchant string
	name     string
	tables   []seat
	products []catalog.Orderable
	offers   []offer
	// groups are the option groups of products by id, and groupsOf those of each product in their order.
	groups   map[string]catalog.OptionGroup
	groupsOf map[string][]string
	offered
	// hours are when orders are taken.
	hours hours.State
}

type merchantJSON struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Currency string `json:"currency"`
}

type tableJSON struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Zone     string `json:"zone"`
	Capacity int32  `json:"capacity"`
}

type productJSON struct {
	ID          string      `json:"id"`
	Name        string      `json:"name"`
	Description string      `json:"description"`
	PriceTTC    money.Cents `json:"price_ttc"`
	PriceHT     money.E4    `json:"price_ht"`
	VATRate     vat.Percent `json:"vat_rate"`
	ImageURL    *string     `json:"image_url"`
	// Allergens are null where the merchant has not said.
	Allergens []string `json:"allergens"`
	// OptionGroups are ids of the body's OptionGroups, in the order in which guests choose.
	OptionGroups []string `json:"option_groups,omitempty"`
	detailsJSON
	// Variants: one of them has to be chosen.
	Variants []variantJSON `json:"variants,omitempty"`
}

type groupJSON struct {
	ID      string       `json:"id"`
	Name    string       `json:"name"`
	Min     int32        `json:"min_choices"`
	Max     int32        `json:"max_choices"`
	Options []optionJSON `json:"options"`
	// Translations are of the name, here and in options.
	Translations catalog.Translations `json:"translations,omitempty"`
}

type optionJSON struct {
	ID        string      `json:"id"`
	Name      string      `json:"name"`
	Price     money.Cents `json:"price"`
	Default   bool        `json:"is_default"`
	Available bool        `json:"is_available"`

	Translations catalog.Translations `json:"translations,omitempty"`
}

type offerJSON struct {
	ID       string      `json:"id"`
	Name     string      `json:"name"`
	Type     string      `json:"type"`
	Value    money.Cents `json:"value"`
	MinOrder money.Cents `json:"min_order"`
	StartsAt *string     `json:"starts_at"`
	EndsAt   *string     `json:"ends_at"`
	// Schedule is when it counts in each week, besides.
	Schedule *scheduleJSON `json:"schedule,omitempty"`
}

type productOfferJSON struct {
	ID        string      `json:"id"`
	ProductID string      `json:"product_id"`
	Name      string      `json:"name"`
	Type      string      `json:"type"`
	Value     money.Cents `json:"value"`
	// PriceTTC is the price of one piece with the offer.
	PriceTTC money.Cents   `json:"price_ttc"`
	StartsAt *string       `json:"starts_at"`
	EndsAt   *string       `json:"ends_at"`
	Schedule *scheduleJSON `json:"schedule,omitempty"`
}

// bodyJSON follows {"table":…, with the comma.
type bodyJSON struct {
	Merchant      merchantJSON             `json:"merchant"`
	Menu          map[string][]productJSON `json:"menu"`
	Offers        []offerJSON              `json:"offers"`
	ProductOffers []productOfferJSON       `json:"productOffers"`
	// OptionGroups are those of products of the menu, each once.
	OptionGroups []groupJSON `json:"optionGroups,omitempty"`
	offeredJSON
	// Ordering says whether orders are taken now.
	Ordering *hours.Ordering `json:"ordering,omitempty"`
}

// menu encodes the part that all tables share once, and the beginning of each table.
func (c *content) menu(now time.Time) (*menu, error) {
	m := &menu{version: c.version, tables: make(map[[sha256.Size]byte]*encoded)}
	if !c.known {
		return m, nil
	}
	view, until := c.body(now)
	m.until = until
	rest, err := encode(view)
	if err != nil {
		return nil, err
	}
	rest[0] = ','
	shared := &body{plain: rest}
	for _, t := range c.tables {
		head, err := encode(tableJSON{ID: t.ID, Name: t.Name, Zone: t.Zone, Capacity: t.Capacity})
		if err != nil {
			return nil, err
		}
		m.tables[sha256.Sum256([]byte(t.Token))] = &encoded{head: append([]byte(`{"table":`), head...), body: shared}
	}
	return m, nil
}

// body also returns when an offer begins or ends next, orders do, or a product is on sale again; the zero time if never. Categories are sorted by name, as encoding/json
// sorts maps.
func (c *content) body(now time.Time) (bodyJSON, time.Time) {
	b := bodyJSON{
		Merchant: merchantJSON{ID: c.merchant, Name: c.name, Currency: Currency},
		Menu:     make(map[string][]productJSON), Offers: []offerJSON{}, ProductOffers: []productOfferJSON{},
	}
	var until time.Time
	b.Ordering, until = c.hours.Ordering(now)
	until = sooner(until, c.sortOut(now))
	prices := make(map[string]money.Cents, len(c.products))
	for _, p := range c.sold(now) {
		prices[p.ID] = p.Price
		v := productView(p)
		v.OptionGroups = c.groupsOf[p.ID]
		v.Parts = c.partViews(p)
		b.Menu[p.Category] = append(b.Menu[p.Category], v)
	}
	b.OptionGroups, b.offeredJSON = c.usedGroups(), c.offeredView()
	for _, o := range c.offers {
		until = sooner(until, o.changes(now))
		unit, shown := prices[o.ProductID]
		switch {
		case !o.valid(now):
		case o.ProductID == "":
			b.Offers = append(b.Offers, offerJSON{
				ID: o.ID, Name: o.Name, Type: o.Type, Value: money.Cents(o.Value), MinOrder: o.MinOrder, StartsAt: timeText(o.StartsAt), EndsAt: timeText(o.EndsAt),
				Schedule: scheduleView(o.Schedule),
			})
		case shown:
			b.ProductOffers = append(b.ProductOffers, productOfferJSON{
				ID: o.ID, ProductID: o.ProductID, Name: o.Name, Type: o.Type, Value: money.Cents(o.Value), PriceTTC: min(unit, o.ofLine(unit, 1)),
				StartsAt: timeText(o.StartsAt), EndsAt: timeText(o.EndsAt), Schedule: scheduleView(o.Schedule),
			})
		}
	}
	return b, until
}

// usedGroups are the groups of the products on the menu, each once, in the order in which the menu needs them.
func (c *content) usedGroups() []groupJSON {
	var views []groupJSON
	seen := make(map[string]bool)
	for _, p := range c.products {
		for _, id := range c.groupsOf[p.ID] {
			if !seen[id] {
				seen[id] = true
				views = append(views, groupView(c.groups[id]))
			}
		}
	}
	return views
}

func groupView(g catalog.OptionGroup) groupJSON {
	v := groupJSON{ID: g.ID, Name: g.Name, Min: g.Min, Max: g.Max, Options: make([]optionJSON, len(g.Options)), Translations: g.Translations}
	for i, o := range g.Options {
		v.Options[i] = optionJSON{ID: o.ID, Name: o.Name, Price: o.Price, Default: o.Default, Available: o.Available, Translations: o.Translations}
	}
	return v
}

func productView(p catalog.Orderable) productJSON {
	net, _ := vat.Split(p.Price, p.VATPerMill)
	v := productJSON{
		ID: p.ID, Name: p.Name, Description: p.Description, PriceTTC: p.Price, PriceHT: net, VATRate: vat.Percent(p.VATPerMill), Allergens: p.Allergens,
		detailsJSON: detailsView(p),
		Variants:    variantViews(p),
	}
	if p.ImageURL != "" {
		v.ImageURL = &p.ImageURL
	}
	return v
}

func timeText(t *time.Time) *string {
	if t == nil {
		return nil
	}
	text := t.UTC().Format("2006-01-02T15:04:05.000Z")
	return &text
}

// encode returns JSON without HTML escaping, so that URLs stay readable.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode menu: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
