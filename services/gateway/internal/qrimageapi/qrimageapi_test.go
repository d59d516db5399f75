package qrimageapi

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	imagepng "image/png"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
)

func TestAPaymentsCodeIsTheSignedOne(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for _, who := range []as{f.key, f.owner} {
		r := f.must(t, who, base+"/qr.png?size=600&margin=2&dark=102030&light=%23fefefe", "image/png")
		got := &qrv1.RenderQRRequest{}
		if err := proto.Unmarshal(r.body, got); err != nil {
			t.Fatal(err)
		}
		want := &qrv1.RenderQRRequest{
			Text:   open + " " + f.merchant.ID + " My Store 2999 EUR 2026-06-17T12:30:00Z",
			Format: qrv1.ImageFormat_IMAGE_FORMAT_PNG, Options: &qrv1.ImageOptions{Size: 600, Margin: proto.Uint32(2), Dark: "#102030", Light: "#fefefe"},
		}
		if !proto.Equal(got, want) {
			t.Errorf("asked for %v, want %v", got, want)
		}
	}
	r := f.must(t, f.key, base+"/qr.svg", "image/svg+xml")
	if f.backend.qr.GetFormat() != qrv1.ImageFormat_IMAGE_FORMAT_SVG || f.backend.qr.GetOptions().Margin != nil {
		t.Errorf("asked for %v", f.backend.qr)
	}
	if csp := r.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "img-src data:") {
		t.Errorf("an SVG that is opened by itself may do %q", csp)
	}
}

func TestAPictureIsNotSentTwice(t *testing.T) {
	t.Parallel()
	f := setup(t)
	first := f.must(t, f.key, base+"/qr.png", "image/png")
	tag := first.header.Get("ETag")
	for _, header := range []string{tag, `"other", W/` + tag, "*"} {
		r := f.call(t, f.key, "GET", base+"/qr.png", "", "If-None-Match", header)
		if r.status != 304 || len(r.body) != 0 || r.header.Get("ETag") != tag {
			t.Errorf("%s: %d %q %s", header, r.status, r.body, r.header.Get("ETag"))
		}
	}
	for path, header := range map[string]string{base + "/qr.png": `"other"`, base + "/qr.png?margin=1": tag} {
		if r := f.call(t, f.key, "GET", path, "", "If-None-Match", header); r.status != 200 || r.header.Get("ETag") == "" {
			t.Errorf("%s: %d", path, r.status)
		}
	}
	f.pay(open, func(p *paymentsv1.Payment) { p.Status = "completed" })
	if r := f.call(t, f.key, "GET", base+"/qr.png", "", "If-None-Match", tag); r.status != 409 {
		t.Errorf("the code of a completed payment: %d", r.status)
	}
}

func TestOnlyWhatCanBePaidHasACode(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for _, status := range []string{"completed", "failed", "cancelled", "refunded"} {
		path := f.pay("PAY-20260617-00000000000000AA", func(p *paymentsv1.Payment) { p.Status = status })
		f.refused(t, f.key, path+"/qr.png", errs.InvalidState)
		f.refused(t, f.owner, path+"/qr.svg?type=epc", errs.InvalidState)
	}
	for name, change := range map[string]func(*paymentsv1.Payment){
		"refund":  func(p *paymentsv1.Payment) { p.OriginalReference = open },
		"scan":    func(p *paymentsv1.Payment) { p.Origin = "scan" },
		"expired": func(p *paymentsv1.Payment) { p.CreatedAt = timestamppb.New(f.now.Add(-30 * time.Minute)) },
	} {
		path := f.pay("PAY-20260617-00000000000000AB", change)
		t.Log(name)
		f.refused(t, f.key, path+"/qr.png", errs.InvalidState)
	}
	for _, origin := range []string{"", "api", "order"} {
		f.must(t, f.key, f.pay("PAY-20260617-00000000000000AC", func(p *paymentsv1.Payment) { p.Origin, p.Status = origin, "pending" })+"/qr.png", "image/png")
	}
}

func TestWhoMayHaveACode(t *testing.T) {
	t.Parallel()
	f := setup(t)
	other := f.pay("PAY-20260617-00000000000000BA", func(p *paymentsv1.Payment) { p.MerchantId = "somebody else" })
	live := f.pay("PAY-20260617-00000000000000BB", func(p *paymentsv1.Payment) { p.Livemode = true })
	for _, who := range []as{f.key, f.owner} {
		f.refused(t, who, other+"/qr.png", errs.NotFoundCode)
		f.refused(t, who, live+"/qr.png", errs.NotFoundCode)
		f.refused(t, who, "/gateway/payments/PAY-20260617-00000000000000FF/qr.png", errs.NotFoundCode)
		f.refused(t, who, "/gateway/payments/nonsense/qr.png", errs.NotFoundCode)
	}
	f.must(t, f.owner, live+"/qr.png?livemode=true", "image/png")
	f.refused(t, f.key, live+"/qr.png?livemode=true", errs.ValidationError, "livemode")
	f.refused(t, as{}, base+"/qr.png", errs.MissingCredentials)
	f.refused(t, as{public: public, secret: "sk_test_wrong"}, base+"/qr.png", errs.InvalidSecret)
	f.refused(t, as{token: "x"}, base+"/qr.png", errs.Unauthenticated)
	// A login does not make up for half a key or a wrong one.
	f.refused(t, as{token: f.owner.token, public: public}, base+"/qr.png", errs.MissingCredentials)
	f.refused(t, as{token: f.owner.token, public: public, secret: "sk_test_wrong"}, base+"/qr.png", errs.InvalidSecret)
	admin := f.login(t, "admin@example.com")
	for _, path := range []string{base + "/qr.png", "/qr/merchant.png", "/qr/cards/merchant.pdf", "/table-order/tables/t4/card.pdf", "/merchant/logo"} {
		f.refused(t, admin, path, errs.Forbidden)
	}
	for _, path := range []string{"/qr/merchant.svg", "/qr/cards/merchant.pdf", "/table-order/tables/t4/card.pdf", "/merchant/logo"} {
		f.refused(t, f.key, path, errs.Unauthenticated)
	}
}

func TestAnAccountantSeesCodesButChangesNoLogo(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.call(t, f.owner, "POST", "/merchant/team", `{"email":"a@example.com","password":"`+password+`","role":"accountant"}`, "Content-Type", "application/json")
	if r.status != 201 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	accountant := f.login(t, "a@example.com")
	f.must(t, accountant, "/qr/merchant.png", "image/png")
	f.must(t, accountant, base+"/qr.png", "image/png")
	for _, method := range []string{"PUT", "DELETE"} {
		if r := f.call(t, accountant, method, "/merchant/logo", "x", "Content-Type", "image/png"); r.status != 403 {
			t.Errorf("%s: %d", method, r.status)
		}
	}
}

func TestBadParametersAreNamed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for query, fields := range map[string]string{
		"size=63": "size", "size=2049": "size", "size=": "size", "size=1e3": "size", "size=4294967360": "size", "margin=17": "margin", "margin=-1": "margin",
		"logo=mine": "logo", "type=iban": "type", "livemode=yes": "livemode", "width=400": "width", "size=400&size=500": "size",
		"dark=ffffff": "dark", "type=epc&logo=merchant": "logo", "size=1&margin=99": "margin size",
	} {
		got := strings.Fields(fields)
		f.refused(t, f.key, base+"/qr.png?"+query, errs.ValidationError, got...)
	}
	for query, field := range map[string]string{"format=a5": "format", "lang=de": "lang", "size=400": "size"} {
		f.refused(t, f.owner, "/qr/cards/merchant.pdf?"+query, errs.ValidationError, field)
	}
}

func TestATransferHasACodeOnlyWhereTheMerchantWantsIt(t *testing.T) {
	t.Parallel()
	f := setup(t)
	path := base + "/qr.png?type=epc&size=300"
	f.refused(t, f.key, path, errs.InvalidState)
	if r := f.patch(t, f.owner, `{"epc_enabled":true,"bic":"BNPAFRPPXXX","name":"`+strings.Repeat("é", 140)+`"}`); r.json(t)["epc_enabled"] != true {
		t.Fatalf("%d %s", r.status, r.body)
	}
	f.must(t, f.key, path, "image/png")
	want := &qrv1.RenderEPCRequest{
		Name: strings.Repeat("e", 70), Iban: iban, Bic: "BNPAFRPPXXX", AmountCents: 2999, Remittance: open,
		Format: qrv1.ImageFormat_IMAGE_FORMAT_PNG, Options: &qrv1.ImageOptions{Size: 300},
	}
	if !proto.Equal(f.backend.epc, want) {
		t.Errorf("asked for %v", f.backend.epc)
	}
	// Such a code does not end with that of the app.
	f.now = createdAt.Add(31 * time.Minute)
	f.must(t, f.key, path, "image/png")
	if r := f.patch(t, f.owner, `{"epc_enabled":false}`); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	f.refused(t, f.key, path, errs.InvalidState)
}

func TestATransferNeedsAnAccount(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.call(t, as{}, "POST", "/auth/register", `{"email":"new@example.com","password":"`+password+`","name":"New"}`, "Content-Type", "application/json")
	who := as{token: r.json(t)["token"].(string)}
	if r = f.patch(t, who, `{"epc_enabled":true}`); r.status != 400 || !strings.Contains(string(r.body), `"field":"epc_enabled"`) {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r = f.patch(t, who, `{"epc_enabled":true,"iban":"`+iban+`"}`); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestTheMerchantsCode(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.must(t, f.owner, "/qr/merchant.svg?margin=0", "image/svg+xml")
	want := &qrv1.RenderQRRequest{
		Text: "https://european-pay.fr/pay?data=" + f.merchant.ID, Format: qrv1.ImageFormat_IMAGE_FORMAT_SVG,
		Options: &qrv1.ImageOptions{Margin: proto.Uint32(0)},
	}
	if !proto.Equal(f.backend.qr, want) {
		t.Errorf("asked for %v", f.backend.qr)
	}
	f.must(t, f.owner, "/qr/merchant.png", "image/png")
	f.deps.MerchantCode, f.deps.Table = nil, nil
	f.refused(t, f.owner, "/qr/merchant.png", errs.Unavailable)
	f.refused(t, f.owner, "/qr/cards/merchant.pdf", errs.Unavailable)
	f.refused(t, f.owner, "/table-order/tables/t4/card.pdf", errs.Unavailable)
}

func TestCards(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.must(t, f.owner, "/qr/cards/merchant.pdf", "application/pdf")
	want := &qrv1.RenderCardRequest{
		Kind: qrv1.CardKind_CARD_KIND_PAY, Format: qrv1.CardFormat_CARD_FORMAT_A6, Text: "https://european-pay.fr/pay?data=" + f.merchant.ID,
		Name: "Café Noisette", Url: "https://european-pay.fr/m/1", Language: "fr",
	}
	if !proto.Equal(f.backend.card, want) {
		t.Errorf("asked for %v", f.backend.card)
	}
	if r := f.upload(t, "image/png", picture(t)); r.status != 204 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	f.must(t, f.owner, "/table-order/tables/t4/card.pdf?format=a4&lang=en", "application/pdf")
	want = &qrv1.RenderCardRequest{
		Kind: qrv1.CardKind_CARD_KIND_ORDER, Format: qrv1.CardFormat_CARD_FORMAT_A4, Text: "https://european-pay.fr/order/1/2",
		Name: "Café Noisette", Url: "https://european-pay.fr/order/1/2", Language: "en", Subject: "Table 4", Detail: "Terrasse", Logo: picture(t),
	}
	if !proto.Equal(f.backend.card, want) {
		t.Errorf("asked for %v", f.backend.card)
	}
	f.refused(t, f.owner, "/table-order/tables/t5/card.pdf", errs.NotFoundCode)
}

func picture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := imagepng.Encode(&b, image.NewGray(image.Rect(0, 0, 3, 3))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (f *fixture) upload(t *testing.T, contentType string, file []byte) reply {
	t.Helper()
	return f.call(t, f.owner, "PUT", "/merchant/logo", string(file), "Content-Type", contentType)
}

func TestTheLogo(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.refused(t, f.owner, "/merchant/logo", errs.NotFoundCode)
	f.refused(t, f.key, base+"/qr.png?logo=merchant", errs.InvalidState)
	if r := f.upload(t, "image/png", picture(t)); r.status != 204 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if r := f.must(t, f.owner, "/merchant/logo", "image/png"); !bytes.Equal(r.body, picture(t)) {
		t.Errorf("%q", r.body)
	}
	f.must(t, f.key, base+"/qr.png?logo=merchant", "image/png")
	if !bytes.Equal(f.backend.qr.GetOptions().GetLogo(), picture(t)) {
		t.Errorf("asked for %v", f.backend.qr)
	}
	f.must(t, f.key, base+"/qr.png?logo=none", "image/png")
	if f.backend.qr.GetOptions().GetLogo() != nil {
		t.Error("a logo although none was wanted")
	}
	var second bytes.Buffer
	if err := jpeg.Encode(&second, image.NewGray(image.Rect(0, 0, 3, 3)), nil); err != nil {
		t.Fatal(err)
	}
	if r := f.upload(t, "image/jpeg", second.Bytes()); r.status != 204 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	f.must(t, f.owner, "/merchant/logo", "image/jpeg")
	if r := f.call(t, f.owner, "DELETE", "/merchant/logo", ""); r.status != 204 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	f.refused(t, f.owner, "/merchant/logo", errs.NotFoundCode)
}

func TestANewLogoIsPassedToItsOtherUsers(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var told [][]byte
	var fail error
	f.deps.LogoChanged = func(_ context.Context, merchantID string, file []byte) error {
		if merchantID != f.merchant.ID {
			t.Errorf("told of %s", merchantID)
		}
		told = append(told, file)
		return fail
	}
	if r := f.upload(t, "image/png", picture(t)); r.status != 204 || len(told) != 1 || !bytes.Equal(told[0], picture(t)) {
		t.Errorf("%d %s, told %q", r.status, r.body, told)
	}
	fail = errs.New(errs.Unavailable, "Away.")
	if r := f.call(t, f.owner, "DELETE", "/merchant/logo", ""); r.status != 503 {
		t.Errorf("%d %s", r.status, r.body)
	}
	fail = nil
	if r := f.call(t, f.owner, "DELETE", "/merchant/logo", ""); r.status != 204 || len(told) != 3 || told[2] != nil {
		t.Errorf("%d %s, told %q", r.status, r.body, told)
	}
}

func TestABadLogoChangesNothing(t *testing.T) {
	t.Parallel()
	f := setup(t)
	if r := f.upload(t, "image/png", picture(t)); r.status != 204 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	for name, c := range map[string]struct {
		contentType string
		file        []byte
		code        errs.Code
	}{
		"svg":        {"image/svg+xml", []byte("<svg/>"), errs.UnsupportedMedia},
		"no type":    {"", picture(t), errs.UnsupportedMedia},
		"other type": {"image/jpeg", picture(t), errs.ValidationError},
		"html":       {"image/png", []byte("<script>alert(1)</script>"), errs.ValidationError},
		"empty":      {"image/png", nil, errs.ValidationError},
		"bomb":       {"image/png", append(picture(t), "bomb"...), errs.ValidationError},
		"large":      {"image/png", append(picture(t), make([]byte, merchant.MaxLogo)...), errs.PayloadTooLarge},
	} {
		if r := f.upload(t, c.contentType, c.file); r.status != c.code.HTTPStatus() || r.json(t)["code"] != string(c.code) {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	if r := f.must(t, f.owner, "/merchant/logo", "image/png"); !bytes.Equal(r.body, picture(t)) {
		t.Error("the logo has changed")
	}
}
