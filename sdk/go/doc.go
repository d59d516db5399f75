// Package eupay is the client of the EU Pay API: SEPA bank-to-bank payments over PSD2 open banking, refunds, QR codes, webhooks,
// French e-invoices, and a merchant's catalog, tables and orders. It depends on nothing but the standard library.
//
// # A payment
//
//	client := eupay.New(os.Getenv("EUPAY_API_KEY"), eupay.Secret(os.Getenv("EUPAY_API_SECRET")), eupay.Options{})
//
//	payment, err := client.Payments.Create(ctx, eupay.PaymentParams{
//		Amount:      2999, // cents: 29.99 euros
//		Description: "Order #1042",
//		Reference:   "ORDER-1042",
//		SuccessURL:  "https://yourstore.com/success",
//		CancelURL:   "https://yourstore.com/cancel",
//	})
//	if err != nil {
//		return err
//	}
//	http.Redirect(w, r, payment.PaymentURL, http.StatusSeeOther)
//
// Deliver the goods when the webhook payment.completed comes, which package webhook verifies, or when Payments.Get says so from your
// own server; never because somebody came back to your SuccessURL.
//
// # Who calls
//
// A key that begins with pk_test_ moves no real money; the client then calls DevelopmentURL, and ProductionURL with another.
// What only the merchant's portal does takes a login: Auth.Login, then Client.WithToken.
//
// # Errors
//
// What the API refuses is an *Error, whose Code says why:
//
//	switch {
//	case errors.Is(err, eupay.ErrRefundExceedsPayment):
//		…
//	case errors.Is(err, eupay.ErrValidation):
//		var refused *eupay.Error
//		errors.As(err, &refused) // refused.Fields
//	}
//
// # Repetitions
//
// A request whose answer is lost, or that is answered with 429, 502, 503 or 504, is sent again where that is safe: when it reads,
// replaces or removes, or carries an Idempotency-Key. The client makes such a key for each request that takes one, so a payment is
// never made twice. It waits longer each time, at least as long as Retry-After says, and never beyond the deadline of ctx. To make a
// repetition by your own program harmless too, give a Reference or an IdempotencyKey.
//
// # Lists
//
// Each list can be read by pages (List) or to its end (All):
//
//	for payment, err := range client.Payments.All(ctx, eupay.PaymentListParams{Status: eupay.PaymentCompleted}) {
//		if err != nil {
//			return err
//		}
//		…
//	}
//
// # Amounts
//
// An Amount is a whole number of cents. Rates and quantities, which may have more decimals, are a json.Number: the digits as they
// stand in JSON. No number passes through a float.
//
// # Absent values
//
// A text, time or number that the API leaves out or answers with null is the zero value. In what is sent, the zero value is left out;
// where it means something, the field is a pointer: see Ptr.
package eupay
