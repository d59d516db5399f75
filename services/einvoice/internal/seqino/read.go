package seqino

import (
	"bytes"
	"context"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// mediaPDF is the media type of a Factur-X.
const mediaPDF = "application/pdf"

// Lifecycle implements platform.Platform. Steps with an unknown status are omitted.
func (c *Client) Lifecycle(ctx context.Context, clientID, invoiceID string) ([]platform.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	const op = "list lifecycle events"
	var found struct {
		Items *[]wireEvent `json:"items"`
	}
	query := url.Values{"object_type": {objectInvoice}, "object_id": {invoiceID}}
	if err := c.call(ctx, request{op: op, method: http.MethodGet, path: pathLifecycle, query: query, client: clientID}, &found); err != nil {
		return nil, err
	}
	if found.Items == nil {
		return nil, unreadable(op, http.StatusOK)
	}
	var events []platform.Event
	for _, w := range *found.Items {
		number, known := lifecycleCode(string(w.Status))
		if !known {
			c.log.WarnContext(ctx, "the platform returned an unknown life-cycle step", "invoice_id", code(invoiceID), "status", code(string(w.Status)))
			continue
		}
		at, err := time.Parse(time.RFC3339, w.At)
		if err != nil || !idShape.MatchString(w.ID) {
			return nil, unreadable(op, http.StatusOK)
		}
		events = append(events, platform.Event{
			ID: w.ID, Code: number, At: at.UTC(), Emitter: code(w.Emitter), ReasonCode: code(w.ReasonCode), Reason: c.safeText(w.Reason),
		})
	}
	slices.SortStableFunc(events, func(a, b platform.Event) int { return a.At.Compare(b.At) })
	return events, nil
}

// lifecycleCode returns the code of a status; ok is false if there is none.
func lifecycleCode(word string) (int, bool) {
	word = word[strings.LastIndexByte(word, '.')+1:]
	for i, name := range lifecycleNames {
		if word == name || word == strconv.Itoa(firstLifecycleCode+i) {
			return firstLifecycleCode + i, true
		}
	}
	return 0, false
}

// File implements platform.Platform.
func (c *Client) File(ctx context.Context, clientID, invoiceID string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	const op = "get file"
	if !idShape.MatchString(invoiceID) {
		return nil, &Error{Op: op, Class: NotFound, Err: platform.ErrNotFound}
	}
	a, err := c.do(ctx, request{
		op: op, method: http.MethodGet, path: pathFiles + "/" + invoiceID, query: url.Values{queryFormat: {formatFacturX}},
		client: clientID, file: true,
	})
	return a.body, err
}

func isPDF(contentType string, body []byte) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && media == mediaPDF && bytes.HasPrefix(body, []byte("%PDF-"))
}
