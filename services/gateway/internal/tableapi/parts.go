package tableapi

import (
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// wantedPart is a product that a guest chooses for a part of a set menu.
type wantedPart struct {
	Part      string   `json:"part"`
	ProductID string   `json:"product_id"`
	Options   []string `json:"options"`
	Course    int32    `json:"course"`
}

func wantedParts(list []wantedPart) []*qrv1.WantedPart {
	var out []*qrv1.WantedPart
	for _, p := range list {
		out = append(out, &qrv1.WantedPart{PartId: p.Part, ProductId: p.ProductID, OptionIds: p.Options, Course: p.Course})
	}
	return out
}

// partJSON is what was chosen of a set menu, as it was when the order was placed.
type partJSON struct {
	Part       string       `json:"part"`
	PartName   string       `json:"part_name"`
	ProductID  string       `json:"product_id"`
	Name       string       `json:"name"`
	Supplement money.Cents  `json:"supplement"`
	VATRate    vat.Percent  `json:"vat_rate"`
	Options    []chosenJSON `json:"options,omitempty"`
	kitchenJSON
}

func partsView(list []*qrv1.OrderPart) []partJSON {
	var out []partJSON
	for i, p := range list {
		out = append(out, partJSON{
			Part: p.GetPartId(), PartName: p.GetPart(), ProductID: p.GetProductId(), Name: p.GetName(), Supplement: money.Cents(p.GetSupplementCents()),
			VATRate: vat.Percent(p.GetVatPerMille()), Options: optionsView(p.GetOptions()),
			kitchenJSON: kitchenOf(int32(i)+1, p),
		})
	}
	return out
}

func optionsView(list []*qrv1.ChosenOption) []chosenJSON {
	var out []chosenJSON
	for _, o := range list {
		out = append(out, chosenJSON{ID: o.GetOptionId(), Group: o.GetGroup(), Name: o.GetName(), Price: money.Cents(o.GetPriceCents())})
	}
	return out
}
