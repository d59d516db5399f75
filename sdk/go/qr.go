package eupay

import (
	"context"
	"net/http"
)

// QR makes and draws a merchant's own codes: for a counter, a printed card or an invoice. It takes a login.
type QR struct{ c *caller }

// Generate makes a code. Each customer who scans it pays the merchant; it can be scanned many times.
func (s QR) Generate(ctx context.Context, p QRParams) (*SignedQR, error) {
	return get[SignedQR](ctx, s.c, call{method: http.MethodPost, path: "/qr/generate", body: p})
}

// Merchant draws the permanent code of the merchant, without amount or end.
func (s QR) Merchant(ctx context.Context, p QRImageParams) (*File, error) {
	return s.c.file(ctx, call{path: "/qr/merchant." + string(p.format()), query: p.query()})
}

// Card is a card to print with the permanent code of the merchant.
func (s QR) Card(ctx context.Context, p CardParams) (*File, error) {
	return s.c.file(ctx, call{path: "/qr/cards/merchant.pdf", query: p.query()})
}

// ImageFormat is how a code is drawn.
type ImageFormat string

// The values of ImageFormat.
const (
	PNG ImageFormat = "png"
	SVG ImageFormat = "svg"
)

// QRImageParams is how a code is drawn.
type QRImageParams struct {
	// Format is PNG when it is empty.
	Format ImageFormat
	// Type is app, for the app of EU Pay, or epc: a plain SEPA transfer for every bank's app. Empty: app.
	Type string
	// Size is the width and height in pixels, 64 to 2048. 0: 4 pixels for each module.
	Size int
	// Margin is the empty border in modules, 0 to 16. Nil: 4.
	Margin *int
	// Dark and Light are colours, rrggbb. Empty: black on white.
	Dark, Light string
	// Logo puts the merchant's logo into the middle.
	Logo bool
}

func (p QRImageParams) format() ImageFormat {
	if p.Format == "" {
		return PNG
	}
	return p.Format
}

func (p QRImageParams) query() query {
	q := query{}
	q.text("type", p.Type)
	q.number("size", p.Size)
	q.whole("margin", p.Margin)
	q.text("dark", p.Dark)
	q.text("light", p.Light)
	if p.Logo {
		q.text("logo", "merchant")
	}
	return q
}

// CardParams is how a card is printed.
type CardParams struct {
	// Format is a6, one card, or a4, a sheet with four of them. Empty: a6.
	Format string
	// Lang is fr or en. Empty: fr.
	Lang string
}

func (p CardParams) query() query {
	q := query{}
	q.text("format", p.Format)
	q.text("lang", p.Lang)
	return q
}

// Scans pays what a customer of the app has scanned. It takes the customer's login.
type Scans struct{ c *caller }

// Read checks a code and says who asks for how much. No money moves. qrData is the text of the code.
func (s Scans) Read(ctx context.Context, qrData string) (*ScannedQR, error) {
	body := struct {
		QRData string `json:"qrData"`
	}{qrData}
	return get[ScannedQR](ctx, s.c, call{method: http.MethodPost, path: "/qr/scan", body: body})
}

// Pay begins a transfer from one of the customer's linked accounts, which the customer authorises at the WebauthURL. The same
// request within 30 minutes returns the same transaction, with Replayed set.
func (s Scans) Pay(ctx context.Context, p ScanPayParams) (*ScanPayment, error) {
	v, a, err := ask[ScanPayment](ctx, s.c, call{method: http.MethodPost, path: "/qr/pay", body: p, once: true, key: p.IdempotencyKey})
	if err == nil {
		v.Replayed = a.replayed()
	}
	return v, err
}

// Get reads a transaction.
func (s Scans) Get(ctx context.Context, transaction string) (*ScanTransaction, error) {
	return get[ScanTransaction](ctx, s.c, call{method: http.MethodGet, path: "/qr/transactions/{}", ids: []string{transaction}})
}
