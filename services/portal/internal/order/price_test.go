package order

import (
	"encoding/json"
	"testing"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
)

// What is shown must be what the API counts: services/qr has the same cases.
func TestPrices(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	onProduct := func(kind, value string) eupay.MenuProductOffer {
		return eupay.MenuProductOffer{ProductID: "p", Name: kind + value, Type: kind, Value: json.Number(value)}
	}
	over := onProduct(percentage, "90")
	over.EndsAt = now
	for name, c := range map[string]struct {
		offers []eupay.MenuProductOffer
		count  int
		want   eupay.Amount
	}{
		"none":                   {nil, 3, 999},
		"the best":               {[]eupay.MenuProductOffer{onProduct(percentage, "10"), onProduct(fixedPrice, "2.5")}, 3, 750},
		"rounded on the line":    {[]eupay.MenuProductOffer{onProduct(percentage, "12.5")}, 3, 874}, // 874.125
		"half up":                {[]eupay.MenuProductOffer{onProduct(percentage, "50")}, 1, 167},   // 166.5
		"over":                   {[]eupay.MenuProductOffer{over}, 1, 333},
		"dearer than without":    {[]eupay.MenuProductOffer{onProduct(fixedPrice, "9")}, 1, 333},
		"nothing is left to pay": {[]eupay.MenuProductOffer{onProduct(percentage, "100")}, 2, 0},
	} {
		o := offersOf(&eupay.Menu{ProductOffers: c.offers}, now)
		if got, _ := o.line("p", 333, c.count); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	o := offersOf(&eupay.Menu{Offers: []eupay.MenuOffer{
		{Name: "ten percent", Type: percentage, Value: "10", MinOrder: 3000}, {Name: "five euros", Type: fixedAmount, Value: "5"},
	}}, now)
	for sum, want := range map[eupay.Amount]string{300: "five euros 3.00", 2999: "five euros 5.00", 3000: "five euros 5.00", 6000: "ten percent 6.00"} {
		if off, name := o.order(sum); name+" "+off.String() != want {
			t.Errorf("%s: %s %s, want %s", sum, name, off, want)
		}
	}
}
