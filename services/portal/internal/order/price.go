package order

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
)

// The kinds of offers.
const (
	percentage  = "percentage"
	fixedAmount = "fixed_amount"
	fixedPrice  = "fixed_price"
)

// whole is 100 percent in hundredths of a percent.
const whole = 10_000

// hundredths reads the value of an offer: hundredths of a percent, or cents.
func hundredths(n json.Number) eupay.Amount {
	a, err := eupay.ParseAmount(n.String())
	if err != nil {
		return 0
	}
	return a
}

// share is that many hundredths of a percent of an amount, rounded half up.
func share(of, hundredths eupay.Amount) eupay.Amount { return (of*hundredths + whole/2) / whole }

// offers are those that are valid now. What they make of a basket is only shown to the guest: the API counts for itself, and refuses an
// order that costs something else than was shown.
type offers struct {
	products map[string][]eupay.MenuProductOffer
	orders   []eupay.MenuOffer
}

func valid(from, to, now time.Time) bool {
	return !now.Before(from) && (to.IsZero() || now.Before(to))
}

func offersOf(m *eupay.Menu, now time.Time) offers {
	o := offers{products: make(map[string][]eupay.MenuProductOffer)}
	for _, p := range m.ProductOffers {
		if valid(p.StartsAt, p.EndsAt, now) {
			o.products[p.ProductID] = append(o.products[p.ProductID], p)
		}
	}
	for _, p := range m.Offers {
		if valid(p.StartsAt, p.EndsAt, now) {
			o.orders = append(o.orders, p)
		}
	}
	return o
}

// line is what count pieces of a product cost with the best offer on it, and that offer's name.
func (o offers) line(product string, unit eupay.Amount, count int) (total eupay.Amount, name string) {
	gross := unit * eupay.Amount(count)
	total = gross
	for _, p := range o.products[product] {
		v := hundredths(p.Value)
		price := v * eupay.Amount(count)
		if p.Type == percentage {
			price = share(gross, whole-v)
		}
		if price < total {
			total, name = price, p.Name
		}
	}
	return total, name
}

// order is what the best offer on the whole takes off a sum, and its name.
func (o offers) order(sum eupay.Amount) (off eupay.Amount, name string) {
	for _, p := range o.orders {
		if sum < p.MinOrder {
			continue
		}
		less := min(hundredths(p.Value), sum)
		if p.Type == percentage {
			less = share(sum, hundredths(p.Value))
		}
		if less > off {
			off, name = less, p.Name
		}
	}
	return off, name
}

// forScript writes the offers on a product for the page's script: p1500 are 15 percent less, f300 is a price of 3 euros.
func (o offers) forScript(product string) string {
	var words []string
	for _, p := range o.products[product] {
		kind := "f"
		if p.Type == percentage {
			kind = "p"
		}
		words = append(words, fmt.Sprintf("%s%d", kind, hundredths(p.Value)))
	}
	return strings.Join(words, " ")
}

// scripted is an offer on the whole order for the page's script.
type scripted struct{ Kind, Name, Value, Least string }

func (o offers) ordersForScript() []scripted {
	var out []scripted
	for _, p := range o.orders {
		kind := "f"
		if p.Type == percentage {
			kind = "p"
		}
		out = append(out, scripted{kind, p.Name, fmt.Sprintf("%d", hundredths(p.Value)), fmt.Sprintf("%d", p.MinOrder)})
	}
	return out
}
