package provider

import (
	"bytes"
	"compress/gzip"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/command"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	headerSignature = "BI-Signature"
	headerDate      = "BI-Signature-Date"
	// maxWebhook is more than any payment; of CONNECTION_SYNCED it is what a synchronisation of thousands of lines has. Larger ones are
	// refused, and the account is read by its due time.
	maxWebhook  = 1 << 20
	postTimeout = 5 * time.Second
)

// webhook verifies a hint, publishes it and acknowledges it. There is no replay window, because the provider may repeat a
// delivery with its original date, and a replayed hint only makes payments read the payment again. Signed webhooks that concern
// no payment are acknowledged too: the provider also sends other events, and after ten refusals it would stop sending all of
// them.
func (p *Provider) webhook(c echo.Context) error {
	raw, err := readAll(http.MaxBytesReader(c.Response(), c.Request().Body, maxWebhook))
	if err != nil {
		return err
	}
	plain, err := unpacked(raw, c.Request().Header.Get(echo.HeaderContentEncoding))
	if err != nil {
		return err
	}
	live, err := p.verify(c.Request().Header, plain, raw)
	if err != nil {
		return err
	}
	if connection, ok := connectionID(plain); ok {
		return p.synced(c, live, connection)
	}
	id, ok := paymentID(plain)
	if !ok {
		webhooks.WithLabelValues(kindOther).Inc()
		p.Log.InfoContext(c.Request().Context(), "provider's webhook is about no payment", "request_id", web.RequestID(c))
		return web.OK(c, http.StatusOK, struct{}{})
	}
	webhooks.WithLabelValues(kindPayment).Inc()
	ctx, cancel := web.Calling(c, postTimeout)
	defer cancel()
	update := &paymentsv1.ProviderUpdate{Livemode: live, ProviderPaymentId: id, Source: "webhook"}
	if err := p.Commands.Post(ctx, command.ProviderUpdate, update, paying.Meta(c, time.Time{})); err != nil {
		return err
	}
	return web.OK(c, http.StatusOK, struct{}{})
}

func readAll(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(r)
	var limit *http.MaxBytesError
	switch {
	case errors.As(err, &limit):
		return nil, tooLarge()
	case err != nil:
		return nil, errs.Invalid(errs.Field{Field: "body", Message: "The body could not be read to its end."})
	}
	return b, nil
}

func tooLarge() error {
	return errs.New(errs.PayloadTooLarge, "The body is larger than %d KiB.", maxWebhook>>10)
}

// unpacked decompresses gzip up to the limit: a small body must not become a huge one.
func unpacked(raw []byte, encoding string) ([]byte, error) {
	if encoding == "" || encoding == "identity" {
		return raw, nil
	}
	if encoding != "gzip" {
		return nil, errs.New(errs.UnsupportedMedia, "Send the body plain or with Content-Encoding: gzip.")
	}
	bad := errs.Invalid(errs.Field{Field: "body", Message: "The body is not valid gzip."})
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, bad
	}
	plain, err := io.ReadAll(io.LimitReader(z, maxWebhook+1))
	switch {
	case err != nil:
		return nil, bad
	case len(plain) > maxWebhook:
		return nil, tooLarge()
	}
	return plain, nil
}

// verify returns the mode whose secret signed the body. The provider's documentation does not say whether it signs the compressed
// or the plain body, so both are accepted.
func (p *Provider) verify(h http.Header, bodies ...[]byte) (live bool, err error) {
	signature, decodeErr := base64.StdEncoding.DecodeString(h.Get(headerSignature))
	date := h.Get(headerDate)
	if decodeErr == nil && len(signature) == sha256.Size && date != "" {
		for _, body := range bodies {
			if p.signed(p.LiveSecret, date, body, signature) {
				return true, nil
			}
			if p.signed(p.TestSecret, date, body, signature) {
				return false, nil
			}
		}
	}
	return false, errs.New(errs.InvalidSignature, "The signature is missing or wrong.")
}

func (p *Provider) signed(secret, date string, body, signature []byte) bool {
	if secret == "" {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(http.MethodPost + "." + p.SignedPath + "." + date + "."))
	mac.Write(body)
	return hmac.Equal(mac.Sum(nil), signature)
}

// synced passes on that a connection has news: CONNECTION_SYNCED and ACCOUNT_SYNCED. The lines in the body are not looked at.
func (p *Provider) synced(c echo.Context, live bool, connection string) error {
	webhooks.WithLabelValues(kindSync).Inc()
	_, err := web.Call(c, postTimeout, p.Settlement.NoteSync, &paymentsv1.NoteSyncRequest{Livemode: live, ConnectionId: connection})
	if err != nil {
		return fmt.Errorf("pass on the news of a connection: %w", err)
	}
	return web.OK(c, http.StatusOK, struct{}{})
}

// connectionID returns the connection of a body that is about one: of CONNECTION_SYNCED the connection itself, of ACCOUNT_SYNCED, which
// is an account, that of the account.
func connectionID(body []byte) (string, bool) {
	var hint struct {
		Connection struct {
			ID json.RawMessage `json:"id"`
		} `json:"connection"`
		OfAccount json.RawMessage `json:"id_connection"`
	}
	if err := json.Unmarshal(body, &hint); err != nil {
		return "", false
	}
	if id, ok := positive(hint.Connection.ID); ok {
		return id, true
	}
	return positive(hint.OfAccount)
}

// paymentID returns the payment's id at the provider, which is all that is used of a hint: a positive integer, which the provider
// may write as a string.
func paymentID(body []byte) (string, bool) {
	var hint struct {
		ID json.RawMessage `json:"id"`
	}
	if err := json.Unmarshal(body, &hint); err != nil {
		return "", false
	}
	return positive(hint.ID)
}

// positive reads an id.
func positive(raw json.RawMessage) (string, bool) {
	id, err := strconv.ParseInt(strings.Trim(string(raw), `"`), 10, 64)
	if err != nil || id <= 0 {
		return "", false
	}
	return strconv.FormatInt(id, 10), true
}
