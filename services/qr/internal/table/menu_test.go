package table

import (
	"bytes"
	"compress/gzip"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

func TestTheMenuMatchesTheAPIReference(t *testing.T) {
	t.Parallel()
	f := setup(t)
	coffee := f.product(t, f.merchant, "Café Noisette", 350, 500)
	f.product(t, f.merchant, "Sold out", 350, 0)
	f.product(t, uuid.NewString(), "Theirs", 350, 5)
	if _, err := f.pool.Exec(t.Context(), `update products set image_url = 'https://cdn.example/a?b=1&c=2' where id = $1`, coffee); err != nil {
		t.Fatal(err)
	}
	res, err := f.GetMenu(t.Context(), &qrv1.GetMenuRequest{MerchantId: f.merchant, Token: f.table.GetToken()})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"table":{"id":"` + f.table.GetId() + `","name":"Table 4","zone":"Terrasse","capacity":4},` +
		`"merchant":{"id":"` + f.merchant + `","name":"Café Noisette","currency":"EUR"},` +
		`"menu":{"boissons":[{"id":"` + coffee + `","name":"Café Noisette","description":"","price_ttc":3.5,"price_ht":3.1818,"vat_rate":10,` +
		`"image_url":"https://cdn.example/a?b=1&c=2","allergens":null}]},"offers":[],"productOffers":[]}`
	if string(res.GetBody()) != want {
		t.Errorf(" got %s\nwant %s", res.GetBody(), want)
	}
	packed, err := f.GetMenu(t.Context(), &qrv1.GetMenuRequest{MerchantId: strings.ToUpper(f.merchant), Token: f.table.GetToken(), Gzip: true})
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed.GetBody()))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := io.ReadAll(z); err != nil || string(plain) != want || packed.GetEtag() != res.GetEtag() {
		t.Errorf("compressed: %s, %v", plain, err)
	}
	for match, want := range map[string]bool{res.GetEtag(): true, `"x", ` + res.GetEtag(): true, "*": true, strings.TrimPrefix(res.GetEtag(), "W/"): true, `"x"`: false} {
		got, err := f.GetMenu(t.Context(), &qrv1.GetMenuRequest{MerchantId: f.merchant, Token: f.table.GetToken(), IfNoneMatch: match})
		if err != nil || got.GetNotModified() != want || (len(got.GetBody()) == 0) != want {
			t.Errorf("%s: %v, %v", match, got, err)
		}
	}
}

func TestEveryWrongPairGetsTheSameAnswer(t *testing.T) {
	t.Parallel()
	f := setup(t)
	stranger := uuid.NewString()
	theirs := f.newTable(t, stranger, "Theirs")
	closed := f.newTable(t, f.merchant, "Closed")
	status := inactive
	if _, err := f.UpdateTable(t.Context(), &qrv1.UpdateTableRequest{MerchantId: f.merchant, Id: closed.GetId(), Fields: &qrv1.TableFields{Status: &status}}); err != nil {
		t.Fatal(err)
	}
	gone := f.newTable(t, f.merchant, "Gone")
	if _, err := f.DeleteTable(t.Context(), &qrv1.DeleteTableRequest{MerchantId: f.merchant, Id: gone.GetId()}); err != nil {
		t.Fatal(err)
	}
	shut := uuid.NewString()
	shutTable := f.newTable(t, shut, "Shut")
	f.apply(t, changed("merchant.disabled", shut, true, &eventsv1.MerchantChanged{MerchantId: shut, Name: "Shut"}))
	coffee := f.product(t, f.merchant, "Café", 350, 10)
	token := f.table.GetToken()
	answers := make(map[string]bool)
	for _, pair := range [][2]string{
		{f.merchant, newToken()},
		{f.merchant, theirs.GetToken()},
		{stranger, token},
		{uuid.NewString(), token},
		{f.merchant, closed.GetToken()},
		{f.merchant, gone.GetToken()},
		{shut, shutTable.GetToken()},
		{"nonsense", token},
		{f.merchant, "nonsense"},
		{"", ""},
		{f.merchant, strings.ToUpper(token)},
		{f.merchant, token[:31]},
		{f.merchant, token + "0"},
		{"{" + f.merchant[:34] + "}", token},
		{f.merchant, "' or 1=1 --' or 1=1 --' or 1=1 -"},
	} {
		_, err := f.GetMenu(t.Context(), &qrv1.GetMenuRequest{MerchantId: pair[0], Token: pair[1]})
		answers[wantCode(t, err, errs.NotFoundCode).Error()] = true
		r := f.request(item(coffee, 1))
		r.MerchantId, r.Token = pair[0], pair[1]
		_, err = f.PlaceOrder(t.Context(), r)
		answers[wantCode(t, err, errs.NotFoundCode).Error()] = true
	}
	if len(answers) != 1 {
		t.Errorf("answers differ: %v", answers)
	}
	// The platform opens the merchant again; an old event does not shut it once more.
	open := changed("merchant.enabled", shut, true, &eventsv1.MerchantChanged{MerchantId: shut, Name: "Open", GatewayEnabled: true})
	open.Time = open.Time.Add(time.Minute)
	f.apply(t, open, changed("merchant.disabled", shut, true, &eventsv1.MerchantChanged{MerchantId: shut, Name: "Shut"}))
	f.clock.Advance(checkEvery)
	if _, err := f.GetMenu(t.Context(), &qrv1.GetMenuRequest{MerchantId: shut, Token: shutTable.GetToken()}); err != nil {
		t.Error(err)
	}
}

func TestARefreshedCodeIsDeadAtOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	old := f.table.GetToken()
	f.menu(t, f.Server, old)
	other := f.replica()
	f.menu(t, other, old)
	res, err := f.RefreshTableToken(t.Context(), &qrv1.RefreshTableTokenRequest{MerchantId: f.merchant, Id: f.table.GetId()})
	if err != nil || res.GetTable().GetToken() == old || !isToken(res.GetTable().GetToken()) {
		t.Fatal(res, err)
	}
	_, err = f.GetMenu(t.Context(), &qrv1.GetMenuRequest{MerchantId: f.merchant, Token: old})
	wantCode(t, err, errs.NotFoundCode)
	f.menu(t, f.Server, res.GetTable().GetToken())
	// Other replicas believe their memory for a moment longer, but take no order by it.
	r := f.request(item(f.product(t, f.merchant, "Café", 350, 10), 1))
	r.Token = old
	_, err = other.PlaceOrder(t.Context(), r)
	wantCode(t, err, errs.NotFoundCode)
	f.clock.Advance(checkEvery)
	_, err = other.GetMenu(t.Context(), &qrv1.GetMenuRequest{MerchantId: f.merchant, Token: old})
	wantCode(t, err, errs.NotFoundCode)
}

func TestTheMenuFollowsTheStockTheOffersAndTheMerchant(t *testing.T) {
	t.Parallel()
	f := setup(t)
	token := f.table.GetToken()
	cake := f.product(t, f.merchant, "Tarte", 600, 1)
	shows := func(what string, want bool) {
		t.Helper()
		f.clock.Advance(checkEvery)
		res, err := f.GetMenu(t.Context(), &qrv1.GetMenuRequest{MerchantId: f.merchant, Token: token})
		if err != nil || strings.Contains(string(res.GetBody()), what) != want {
			t.Errorf("%s shown: want %v, got %s, %v", what, want, res.GetBody(), err)
		}
	}
	shows("Tarte", true)
	o := f.mustPlace(t, f.paidRequest(item(cake, 1)))
	shows("Tarte", false)
	f.apply(t, payment("failed", o, "PAY-1"))
	shows("Tarte", true)
	begin := f.clock.Now().Add(time.Hour)
	_, err := f.CreateOffer(t.Context(), &qrv1.CreateOfferRequest{MerchantId: f.merchant, OnProduct: true, Offer: &qrv1.Offer{
		ProductId: cake, Name: "Happy hour", Type: fixedPrice, Value: 450, StartsAt: timestamppb.New(begin), EndsAt: timestamppb.New(begin.Add(time.Hour)),
	}})
	if err != nil {
		t.Fatal(err)
	}
	shows("Happy hour", false)
	f.clock.Advance(time.Hour)
	shows(`"price_ttc":4.5`, true)
	f.clock.Advance(time.Hour)
	shows("Happy hour", false)
	f.apply(t, changed("merchant.updated", f.merchant, true, &eventsv1.MerchantChanged{MerchantId: f.merchant, Name: "Chez Nous"}))
	shows("Chez Nous", true)
}

func TestTablesAreKeptByTheirMerchant(t *testing.T) {
	t.Parallel()
	f := setup(t)
	if f.table.GetUrl() != "https://european-pay.fr/order/"+f.merchant+"/"+f.table.GetToken() || f.table.GetCapacity() != 4 {
		t.Errorf("got %v", f.table)
	}
	name, long, capacity := "<b>Bar</b>", strings.Repeat("x", 101), int32(101)
	_, err := f.CreateTable(t.Context(), &qrv1.CreateTableRequest{MerchantId: f.merchant, Fields: &qrv1.TableFields{Zone: &long, Capacity: &capacity, Status: &name}})
	wantFields(t, err, "name", "zone", "capacity", "status")
	got, err := f.UpdateTable(t.Context(), &qrv1.UpdateTableRequest{MerchantId: f.merchant, Id: f.table.GetId(), Fields: &qrv1.TableFields{Name: &name}})
	if err != nil || got.GetTable().GetName() != "Bar" || got.GetTable().GetZone() != "Terrasse" || got.GetTable().GetToken() != f.table.GetToken() {
		t.Errorf("got %v, %v", got, err)
	}
	stranger := uuid.NewString()
	for _, id := range []string{f.table.GetId(), "nonsense", uuid.NewString()} {
		merchant := f.merchant
		if id == f.table.GetId() {
			merchant = stranger
		}
		_, err := f.GetTable(t.Context(), &qrv1.GetTableRequest{MerchantId: merchant, Id: id})
		wantCode(t, err, errs.NotFoundCode)
		_, err = f.UpdateTable(t.Context(), &qrv1.UpdateTableRequest{MerchantId: merchant, Id: id, Fields: &qrv1.TableFields{Name: &name}})
		wantCode(t, err, errs.NotFoundCode)
		_, err = f.RefreshTableToken(t.Context(), &qrv1.RefreshTableTokenRequest{MerchantId: merchant, Id: id})
		wantCode(t, err, errs.NotFoundCode)
		_, err = f.DeleteTable(t.Context(), &qrv1.DeleteTableRequest{MerchantId: merchant, Id: id})
		wantCode(t, err, errs.NotFoundCode)
	}
	f.newTable(t, f.merchant, "Second")
	list, err := f.ListTables(t.Context(), &qrv1.ListTablesRequest{MerchantId: f.merchant, Page: 2, Limit: 1})
	if err != nil || list.GetTotal() != 2 || len(list.GetTables()) != 1 {
		t.Errorf("got %v, %v", list, err)
	}
}

func TestOffersAreCheckedAndKept(t *testing.T) {
	t.Parallel()
	f := setup(t)
	coffee := f.product(t, f.merchant, "Café", 350, 10)
	theirs := f.product(t, uuid.NewString(), "Theirs", 350, 10)
	create := func(onProduct bool, o *qrv1.Offer) (*qrv1.Offer, error) {
		res, err := f.CreateOffer(t.Context(), &qrv1.CreateOfferRequest{MerchantId: f.merchant, OnProduct: onProduct, Offer: o})
		return res.GetOffer(), err
	}
	now := timestamppb.New(f.clock.Now())
	_, err := create(false, &qrv1.Offer{Type: fixedPrice, StartsAt: now, EndsAt: now, MinOrderCents: -1})
	wantFields(t, err, "name", "type", "min_order", "ends_at")
	_, err = create(true, &qrv1.Offer{Name: "x", Type: percentage, Value: 10_001, ProductId: "x"})
	wantFields(t, err, "value", "product_id")
	_, err = create(true, &qrv1.Offer{Name: "x", Type: percentage, Value: 1000, ProductId: theirs})
	wantFields(t, err, "product_id")
	onOrder, err := create(false, &qrv1.Offer{Name: "Ten off", Type: fixedAmount, Value: 1000, MinOrderCents: 5000})
	if err != nil {
		t.Fatal(err)
	}
	onProduct, err := create(true, &qrv1.Offer{Name: "Half", Type: percentage, Value: 5000, ProductId: coffee})
	if err != nil {
		t.Fatal(err)
	}
	// Each kind is found as what it is, by its merchant.
	for _, r := range []*qrv1.GetOfferRequest{
		{MerchantId: f.merchant, OnProduct: true, Id: onOrder.GetId()}, {MerchantId: f.merchant, Id: onProduct.GetId()}, {MerchantId: uuid.NewString(), Id: onOrder.GetId()},
	} {
		_, err := f.GetOffer(t.Context(), r)
		wantCode(t, err, errs.NotFoundCode)
		_, err = f.DeleteOffer(t.Context(), &qrv1.DeleteOfferRequest{MerchantId: r.GetMerchantId(), OnProduct: r.GetOnProduct(), Id: r.GetId()})
		wantCode(t, err, errs.NotFoundCode)
	}
	onProduct.Name = "Third"
	onProduct.Value = 3333
	if got, err := f.UpdateOffer(t.Context(), &qrv1.UpdateOfferRequest{MerchantId: f.merchant, OnProduct: true, Offer: onProduct}); err != nil || got.GetOffer().GetValue() != 3333 {
		t.Errorf("got %v, %v", got, err)
	}
	list, err := f.ListOffers(t.Context(), &qrv1.ListOffersRequest{MerchantId: f.merchant, OnProduct: true, Page: 1, Limit: 10})
	if err != nil || list.GetTotal() != 1 || list.GetOffers()[0].GetName() != "Third" {
		t.Errorf("got %v, %v", list, err)
	}
	if o := f.mustPlace(t, f.request(item(coffee, 1))); o.GetTotalCents() != 233 || o.GetDiscountCents() != 117 {
		t.Errorf("got %v", o)
	}
	if _, err := f.DeleteOffer(t.Context(), &qrv1.DeleteOfferRequest{MerchantId: f.merchant, OnProduct: true, Id: onProduct.GetId()}); err != nil {
		t.Fatal(err)
	}
	if o := f.mustPlace(t, f.request(item(coffee, 1))); o.GetTotalCents() != 350 || !slices.Equal([]string{o.GetOfferName()}, []string{""}) {
		t.Errorf("got %v", o)
	}
}
