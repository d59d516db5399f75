package catalog

import (
	"slices"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

func sizes() *qrv1.OptionGroup {
	return &qrv1.OptionGroup{Name: "Taille", MinChoices: 1, MaxChoices: 1, Options: []*qrv1.Option{
		{Name: "Normal", IsDefault: true, IsAvailable: true}, {Name: "Grand", PriceCents: 80, IsAvailable: true},
	}}
}

func (f *fixture) group(t *testing.T, merchantID string, g *qrv1.OptionGroup) *qrv1.OptionGroup {
	t.Helper()
	res, err := f.CreateOptionGroup(t.Context(), &qrv1.CreateOptionGroupRequest{MerchantId: merchantID, Group: g})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetGroup()
}

func inGroups(ids ...string) func(*qrv1.ProductFields) {
	return func(f *qrv1.ProductFields) { f.OptionGroups = &qrv1.OptionGroupIDs{Ids: ids} }
}

func TestAProductHasGroupsOfOptions(t *testing.T) {
	t.Parallel()
	f, merchant := setup(t), uuid.NewString()
	size, extras := f.group(t, merchant, sizes()), f.group(t, merchant, &qrv1.OptionGroup{
		Name: "Extras", MaxChoices: 2, Options: []*qrv1.Option{{Name: "Fromage", PriceCents: 150, IsAvailable: true}, {Name: "Bacon", PriceCents: 200}},
	})
	before := f.version(t, merchant)
	p := f.add(t, merchant, inGroups(extras.GetId(), size.GetId()))
	if want := []string{extras.GetId(), size.GetId()}; !slices.Equal(p.GetOptionGroupIds(), want) {
		t.Fatalf("created with %v, want %v", p.GetOptionGroupIds(), want)
	}
	if f.version(t, merchant) == before {
		t.Error("the menu is still the old one")
	}
	renamed, err := f.UpdateProduct(t.Context(), &qrv1.UpdateProductRequest{MerchantId: merchant, Id: p.GetId(), Fields: &qrv1.ProductFields{Name: proto.String("Burger")}})
	if err != nil || len(renamed.GetProduct().GetOptionGroupIds()) != 2 {
		t.Fatalf("a change of the name made it %v, %v", renamed, err)
	}
	if _, err := f.DeleteOptionGroup(t.Context(), &qrv1.DeleteOptionGroupRequest{MerchantId: merchant, Id: extras.GetId()}); err != nil {
		t.Fatal(err)
	}
	got, err := f.GetProduct(t.Context(), &qrv1.GetProductRequest{MerchantId: merchant, Id: p.GetId()})
	if err != nil || !slices.Equal(got.GetProduct().GetOptionGroupIds(), []string{size.GetId()}) {
		t.Errorf("after the group was deleted it has %v, %v", got.GetProduct().GetOptionGroupIds(), err)
	}
	cleared, err := f.UpdateProduct(t.Context(), &qrv1.UpdateProductRequest{MerchantId: merchant, Id: p.GetId(), Fields: &qrv1.ProductFields{OptionGroups: &qrv1.OptionGroupIDs{}}})
	if err != nil || len(cleared.GetProduct().GetOptionGroupIds()) != 0 {
		t.Errorf("cleared: %v, %v", cleared, err)
	}
}

func TestAnotherMerchantsGroupsAreNotThere(t *testing.T) {
	t.Parallel()
	f, owner, stranger := setup(t), uuid.NewString(), uuid.NewString()
	g := f.group(t, owner, sizes())
	fields := documented()
	fields.OptionGroups = &qrv1.OptionGroupIDs{Ids: []string{g.GetId()}}
	if _, err := f.CreateProduct(t.Context(), &qrv1.CreateProductRequest{MerchantId: stranger, Fields: fields}); refusedField(err) != "option_groups" {
		t.Errorf("a stranger's product: %v", err)
	}
	own := f.add(t, stranger, nil)
	if _, err := f.UpdateProduct(t.Context(), &qrv1.UpdateProductRequest{MerchantId: stranger, Id: own.GetId(), Fields: fields}); refusedField(err) != "option_groups" {
		t.Errorf("a change of a stranger's product: %v", err)
	}
	_, get := f.GetOptionGroup(t.Context(), &qrv1.GetOptionGroupRequest{MerchantId: stranger, Id: g.GetId()})
	_, remove := f.DeleteOptionGroup(t.Context(), &qrv1.DeleteOptionGroupRequest{MerchantId: stranger, Id: g.GetId()})
	_, replace := f.UpdateOptionGroup(t.Context(), &qrv1.UpdateOptionGroupRequest{MerchantId: stranger, Group: g})
	_, sold := f.SetOptionAvailable(t.Context(), &qrv1.SetOptionAvailableRequest{MerchantId: stranger, GroupId: g.GetId(), OptionId: g.GetOptions()[0].GetId()})
	for what, err := range map[string]error{"read": get, "delete": remove, "replace": replace, "sold out": sold} {
		if !errs.Is(err, errs.NotFoundCode) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if list, err := f.ListOptionGroups(t.Context(), &qrv1.ListOptionGroupsRequest{MerchantId: stranger}); err != nil || len(list.GetGroups()) != 0 {
		t.Errorf("listed %v, %v", list, err)
	}
}

func TestAChangedGroupKeepsTheIdsOfItsOptions(t *testing.T) {
	t.Parallel()
	f, merchant := setup(t), uuid.NewString()
	g := f.group(t, merchant, sizes())
	kept := g.GetOptions()[1].GetId()
	g.Options = []*qrv1.Option{{Name: "XL", PriceCents: 200, IsAvailable: true}, {Id: kept, Name: "Large", PriceCents: 90, IsAvailable: true}}
	res, err := f.UpdateOptionGroup(t.Context(), &qrv1.UpdateOptionGroupRequest{MerchantId: merchant, Group: g})
	if err != nil {
		t.Fatal(err)
	}
	read, err := f.GetOptionGroup(t.Context(), &qrv1.GetOptionGroupRequest{MerchantId: merchant, Id: g.GetId()})
	if err != nil || !proto.Equal(read.GetGroup(), res.GetGroup()) {
		t.Errorf("read %v, answered %v, %v", read.GetGroup(), res.GetGroup(), err)
	}
	if o := read.GetGroup().GetOptions(); len(o) != 2 || o[1].GetId() != kept || o[1].GetPriceCents() != 90 || o[0].GetName() != "XL" {
		t.Errorf("it has %v", o)
	}
	soldOut, err := f.SetOptionAvailable(t.Context(), &qrv1.SetOptionAvailableRequest{MerchantId: merchant, GroupId: g.GetId(), OptionId: kept})
	if err != nil || soldOut.GetGroup().GetOptions()[1].GetIsAvailable() || !soldOut.GetGroup().GetOptions()[0].GetIsAvailable() {
		t.Errorf("sold out: %v, %v", soldOut, err)
	}
	_, err = f.SetOptionAvailable(t.Context(), &qrv1.SetOptionAvailableRequest{MerchantId: merchant, GroupId: g.GetId(), OptionId: uuid.NewString()})
	if !errs.Is(err, errs.NotFoundCode) {
		t.Errorf("an option that is not there: %v", err)
	}
}

func TestAGroupIsRefusedByField(t *testing.T) {
	t.Parallel()
	f, merchant := setup(t), uuid.NewString()
	other := f.group(t, merchant, sizes())
	for field, change := range map[string]func(*qrv1.OptionGroup){
		"name":             func(g *qrv1.OptionGroup) { g.Name = "<b></b>" },
		"max_choices":      func(g *qrv1.OptionGroup) { g.MaxChoices = 3 },
		"min_choices":      func(g *qrv1.OptionGroup) { g.MinChoices = 2 },
		"options[1].name":  func(g *qrv1.OptionGroup) { g.Options[1].Name = "" },
		"options[0].price": func(g *qrv1.OptionGroup) { g.Options[0].PriceCents = -1 },
		"options[0].id":    func(g *qrv1.OptionGroup) { g.Options[0].Id = other.GetOptions()[0].GetId() },
		"options":          func(g *qrv1.OptionGroup) { g.Options[1].IsDefault = true },
	} {
		g := sizes()
		change(g)
		if _, err := f.CreateOptionGroup(t.Context(), &qrv1.CreateOptionGroupRequest{MerchantId: merchant, Group: g}); refusedField(err) != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	twice := f.group(t, merchant, sizes())
	twice.Options[1].Id = twice.GetOptions()[0].GetId()
	if _, err := f.UpdateOptionGroup(t.Context(), &qrv1.UpdateOptionGroupRequest{MerchantId: merchant, Group: twice}); refusedField(err) != "options[1].id" {
		t.Errorf("an option named twice: %v", err)
	}
}
