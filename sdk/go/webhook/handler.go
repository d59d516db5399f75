package webhook

import (
	"context"
	"io"
	"net/http"
	"time"
)

// maxBody is more than any webhook has.
const maxBody = 1 << 20

// Handler takes webhooks that secret signs. What is not verified is answered with 400. act is called with each event; it must be
// done within 10 seconds. When it fails the answer is 500, so that EU Pay sends the event again. Tests of the endpoint prove that it
// is yours.
func Handler(secret string, act func(context.Context, *Event) error) http.Handler {
	return handler(secret, act, time.Now)
}

func handler(secret string, act func(context.Context, *Event) error, now func() time.Time) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		event, err := construct(secret, r.Header, body, now())
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if challenge := r.Header.Get("EuPay-Challenge"); challenge != "" {
			w.Header().Set("EuPay-Challenge", challenge)
		}
		if err := act(r.Context(), event); err != nil {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
}
