package qr

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// nodeCase is one code, as both sides make it.
type nodeCase struct {
	Base string `json:"base"`
	// QRData is the server's; empty for what only Node makes.
	QRData string `json:"qrData"`
	Type   string `json:"type"`
	// RequestID of a merchant's code is the server's when it made one.
	RequestID    string  `json:"requestId"`
	MerchantID   string  `json:"merchantId"`
	MerchantName string  `json:"merchantName"`
	EuPayID      string  `json:"euPayId"`
	Amount       *string `json:"amount"` // as a person writes it in JavaScript, e.g. 1e4
	ExpiresAt    *string `json:"expiresAt"`
	Label        string  `json:"label"`
	cents        money.Cents
}

// nodeAnswer is what Node thinks of the server's code, and its own.
type nodeAnswer struct {
	// Wrong is empty when Node believes the server's code.
	Wrong string `json:"wrong"`
	// QRData is Node's code for the same, made as the public documents show.
	QRData string `json:"qrData"`
	// Spoilt is the same with another amount under the old signature.
	Spoilt string `json:"spoilt"`
}

// writtenAmounts are literals of JavaScript and what they are in cents.
var writtenAmounts = map[string]money.Cents{
	"29.99": 2999, "29.9": 2990, "29.90": 2990, "30": 3000, "30.00": 3000, "0.01": 1, "0.1": 10, "1e4": 1_000_000, "1e-2": 1, "999999.99": 99_999_999,
	"8.19": 819, "1.005e1": 1005, "9999999999999.99": 999_999_999_999_999,
}

// names are what breaks encoders.
var names = []string{
	"My Store", "Café Noisette", `"quoted" \ 'single' /`, "<b>&amp;</b>", "👩‍👩‍👧 🥐", "𝕏 \U0010ffff", "line\u2028and\u2029paragraph", "\x00\x01\x08\t\n\v\f\r\x1f\x7f\u0080",
	"\ufeff\ufffd\uffff", "株式会社", "عربي", "e\u0301 or \u00e9", "%41%2B+ =&?#", "__proto__", "toString", `{"payload":1}`, "\\u0041", "\ue000\ud7ff",
}

func anyName() *rapid.Generator[string] {
	piece := rapid.OneOf(rapid.SampledFrom(names), rapid.StringN(1, 8, -1), rapid.Map(rapid.Rune(), func(r rune) string { return string(r) }),
		rapid.Map(rapid.IntRange(0x10000, 0x10ffff), func(n int) string { return string(rune(n)) }))
	return rapid.Map(rapid.SliceOfN(piece, 1, 4), func(pieces []string) string { return strings.Join(pieces, "") })
}

// nodeCases are the same in each run: n of each kind, some of which have no amount, no label or no end.
func nodeCases(n int) []nodeCase {
	amounts := slices.Sorted(maps.Keys(writtenAmounts))
	generated := rapid.Custom(func(t *rapid.T) nodeCase {
		c := nodeCase{
			Base: "https://pay.example", Type: "powens_qr_payment_request", RequestID: "3f2b8c1e-0c9d-4b6a-8f1e-2d3c4b5a6978",
			MerchantID: "0b8e7f5a-7c1f-4a51-9a35-d0a1c4b8d7e2", MerchantName: anyName().Draw(t, "name"), EuPayID: "EUP-D0A1C4B8D7E2",
		}
		cents := money.Cents(rapid.Int64Range(1, 1_000_000).Draw(t, "cents"))
		text := cents.String()
		if written := rapid.SampledFrom(amounts).Draw(t, "written"); rapid.Bool().Draw(t, "awkward") {
			text, cents = written, writtenAmounts[written]
		}
		until := noon.Add(time.Duration(rapid.IntRange(1, 1440).Draw(t, "minutes")) * time.Minute).Format("2006-01-02T15:04:05Z")
		if rapid.Bool().Draw(t, "gateway payment") {
			c.Type, c.RequestID, c.EuPayID = "gateway_qr_payment", "PAY-20260617-0123456789ABCDEF", ""
			c.Amount, c.cents, c.ExpiresAt = &text, cents, &until
			return c
		}
		if rapid.Bool().Draw(t, "fixed") {
			c.Amount, c.cents = &text, cents
		}
		if rapid.Bool().Draw(t, "ends") {
			c.ExpiresAt = &until
		}
		if rapid.Bool().Draw(t, "labelled") {
			c.Label = anyName().Draw(t, "label")
		}
		return c
	})
	cases := make([]nodeCase, n)
	for i := range cases {
		cases[i] = generated.Example(i)
	}
	return cases
}

// wants is what the server should read in the code.
func (c nodeCase) wants(t *testing.T) *qrv1.DecodeQRResponse {
	t.Helper()
	res := &qrv1.DecodeQRResponse{
		Type: c.Type, RequestId: c.RequestID, MerchantId: c.MerchantID, MerchantName: c.MerchantName, EuPayId: c.EuPayID,
		AmountCents: int64(c.cents), Currency: "EUR", Label: c.Label,
	}
	if c.Type == "gateway_qr_payment" {
		res.GatewayReference = c.RequestID
	}
	if c.ExpiresAt != nil {
		at, err := time.Parse(time.RFC3339, *c.ExpiresAt)
		if err != nil {
			t.Fatal(err)
		}
		res.ExpiresAt = timestamppb.New(at)
	}
	return res
}

// sign lets the server make the code. A merchant's code gets the id that the server chose.
func (c *nodeCase) sign(t *testing.T, client qrv1.QRServiceClient) {
	t.Helper()
	want := c.wants(t)
	if c.Type == "gateway_qr_payment" {
		res, err := client.SignGatewayPayment(t.Context(), &qrv1.SignGatewayPaymentRequest{
			Reference: c.RequestID, MerchantId: c.MerchantID, MerchantName: c.MerchantName, AmountCents: int64(c.cents), Currency: "EUR", ExpiresAt: want.GetExpiresAt(),
		})
		if err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
		c.QRData = res.GetQrData()
		return
	}
	res, err := client.SignPaymentRequest(t.Context(), &qrv1.SignPaymentRequestRequest{
		MerchantId: c.MerchantID, MerchantName: c.MerchantName, EuPayId: c.EuPayID, AmountCents: int64(c.cents), Currency: "EUR", Label: c.Label, ExpiresAt: want.GetExpiresAt(),
	})
	if err != nil {
		t.Fatalf("%+v: %v", c, err)
	}
	got, err := decode(t, client, res.GetQrData())
	if err != nil {
		t.Fatalf("%+v: %v", c, err)
	}
	c.QRData, c.RequestID = res.GetQrData(), got.GetRequestId()
}

func TestNodeAndTheServerAcceptEachOthersSignatures(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	cases := nodeCases(400)
	for i := range cases {
		cases[i].sign(t, client)
	}
	for i, a := range askNode(t, cases) {
		c := cases[i]
		if a.Wrong != "" {
			t.Errorf("Node does not believe %+v: %s", c, a.Wrong)
		}
		if a.QRData != c.QRData {
			t.Errorf("of %+v\nNode makes       %s\nthe server makes %s", c, a.QRData, c.QRData)
		}
		if got, err := decode(t, client, a.QRData); err != nil || !proto.Equal(got, c.wants(t)) {
			t.Errorf("the server reads what Node made as %v, %v\nwant %v", got, err, c.wants(t))
		}
		if got, err := decode(t, client, a.Spoilt); !errs.Is(err, errs.QRInvalid) {
			t.Errorf("the server believes another amount: %v, %v", got, err)
		}
	}
}

// askNode gives the codes to Node, all to one process. Without Node the test fails in CI; elsewhere it is skipped, as
// Node is not needed to work on the services.
func askNode(t *testing.T, cases []nodeCase) []nodeAnswer {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		const advice = "NOT TESTED: whether JavaScript agrees with our codes. Install Node 18 or newer"
		if os.Getenv("CI") != "" {
			t.Fatalf("%s\n%v", advice, err)
		}
		t.Skipf("%s\n%v", advice, err)
	}
	text, err := json.Marshal(map[string]any{"key": key, "cases": cases})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), node, "testdata/judge.mjs")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(text), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(fmt.Errorf("run Node: %w", err))
	}
	var answers []nodeAnswer
	if err := json.Unmarshal(out, &answers); err != nil || len(answers) != len(cases) {
		t.Fatalf("%d answers to %d cases, %v", len(answers), len(cases), err)
	}
	return answers
}
