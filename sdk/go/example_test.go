package eupay_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"

	eupay "european-pay.eu/eupay/sdk/go"
)

// standIn answers as EU Pay does, so that the examples run without it.
func standIn(status int, body string) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
}

func ExampleNew() {
	client := eupay.New(os.Getenv("EUPAY_API_KEY"), eupay.Secret(os.Getenv("EUPAY_API_SECRET")), eupay.Options{UserAgent: "shop/1.4"})
	fmt.Println(client)
	// Output: eupay.Client(https://api.european-pay.eu)
}

func ExamplePayments_Create() {
	server := standIn(http.StatusCreated, `{"success":true,"data":{"reference":"PAY-20260617-0B25921FB72918ED","amount":29.99,
		"currency":"EUR","status":"pending_sca","payment_url":"https://eu-pay.biapi.pro/..."}}`)
	defer server.Close()
	client := eupay.New("pk_test_…", "sk_test_…", eupay.Options{BaseURL: server.URL})

	payment, err := client.Payments.Create(context.Background(), eupay.PaymentParams{
		Amount:      2999,
		Description: "Order #1042",
		Reference:   "ORDER-1042",
		SuccessURL:  "https://yourstore.com/success",
		CancelURL:   "https://yourstore.com/cancel",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(payment.Reference, payment.Amount, payment.Status)
	fmt.Println("Send the payer to", payment.PaymentURL)
	// Output:
	// PAY-20260617-0B25921FB72918ED 29.99 pending_sca
	// Send the payer to https://eu-pay.biapi.pro/...
}

func ExamplePayments_All() {
	server := standIn(http.StatusOK, `{"success":true,"data":[{"reference":"PAY-2","amount":10},{"reference":"PAY-1","amount":0.5}]}`)
	defer server.Close()
	client := eupay.New("pk_test_…", "sk_test_…", eupay.Options{BaseURL: server.URL})

	for payment, err := range client.Payments.All(context.Background(), eupay.PaymentListParams{Status: eupay.PaymentCompleted}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(payment.Reference, payment.Amount)
	}
	// Output:
	// PAY-2 10.00
	// PAY-1 0.50
}

func ExampleError() {
	server := standIn(http.StatusConflict, `{"success":false,"code":"REFUND_EXCEEDS_PAYMENT","message":"At most 12.50 is left to refund."}`)
	defer server.Close()
	client := eupay.New("pk_test_…", "sk_test_…", eupay.Options{BaseURL: server.URL})

	_, err := client.Refunds.Create(context.Background(), "PAY-20260617-0B25921FB72918ED", eupay.RefundParams{Amount: 5000})
	if errors.Is(err, eupay.ErrRefundExceedsPayment) {
		fmt.Println(err)
	}
	// Output: At most 12.50 is left to refund. (409 REFUND_EXCEEDS_PAYMENT)
}

func ExampleClient_WithToken() {
	server := standIn(http.StatusOK, `{"token":"eyJ…","refresh_token":"rt_…","expires_in":900,"role":"merchant","merchant_id":"m-1"}`)
	defer server.Close()
	client := eupay.New("", "", eupay.Options{BaseURL: server.URL})

	login, err := client.Auth.Login(context.Background(), eupay.Credentials{Email: "owner@example.com", Password: "…"})
	if err != nil {
		log.Fatal(err)
	}
	portal := client.WithToken(login.Token)
	_ = portal.Products // and whatever else only a login may do
	fmt.Println(login.Role, login.Token)
	// Output: merchant [redacted]
}

func ExampleParseAmount() {
	amount, err := eupay.ParseAmount("29.99")
	fmt.Println(int64(amount), amount, err)
	_, err = eupay.ParseAmount("29.999")
	fmt.Println(err)
	// Output:
	// 2999 29.99 <nil>
	// an amount is a number of euros with at most two decimals, such as 29.99, not "29.999"
}

func ExampleInvoices_Create() {
	server := standIn(http.StatusCreated, `{"invoice_number":"INV-2026-AB12CD-000001","seqino_status":"submitted","total_ttc":1800.00}`)
	defer server.Close()
	client := eupay.New("pk_test_…", "sk_test_…", eupay.Options{BaseURL: server.URL})

	invoice, err := client.Invoices.Create(context.Background(), eupay.InvoiceParams{
		CustomerName:  "Acme Corp",
		CustomerSIREN: "732829320",
		Reference:     "ERP-INV-2026-001",
		Items:         []eupay.InvoiceItem{{ProductName: "Consulting", Quantity: "1.5", UnitPriceTTC: 120000, VATRate: "20"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(invoice.InvoiceNumber, invoice.SeqinoStatus, invoice.TotalTTC)
	// Output: INV-2026-AB12CD-000001 submitted 1800.00
}
