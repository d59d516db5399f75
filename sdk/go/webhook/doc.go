// Package webhook verifies EU Pay's webhooks and reads what they say.
//
//	event, err := webhook.ConstructEvent(os.Getenv("EUPAY_WEBHOOK_SECRET"), r.Header, body)
//	if err != nil {
//		w.WriteHeader(http.StatusBadRequest)
//		return
//	}
//	switch about := event.Data.(type) {
//	case *webhook.Payment:
//		if event.Type == webhook.PaymentCompleted {
//			// deliver about.MerchantReference, unless event.ID was seen before
//		}
//	}
//
// The body is the raw bytes of the request, before any JSON is parsed. Handler does all of it.
//
// A webhook may come more than once, and its ID stays the same: act once on each. Those about one thing are ordered by Sequence.
package webhook
