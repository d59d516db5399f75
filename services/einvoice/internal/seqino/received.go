package seqino

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"european-pay.eu/eupay/internal/outbound"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// ListReceived implements platform.Inbox.
func (c *Client) ListReceived(ctx context.Context, clientID, after string) ([]platform.Inbound, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	const op = "list received documents"
	var found struct {
		Items *[]wireInbound `json:"items"`
	}
	query := url.Values{queryDirection: {directionIncoming}}
	if after != "" {
		query.Set(queryAfter, after)
	}
	if err := c.call(ctx, request{op: op, method: http.MethodGet, path: pathInvoices, query: query, client: clientID}, &found); err != nil {
		return nil, err
	}
	if found.Items == nil {
		return nil, unreadable(op, http.StatusOK)
	}
	list := make([]platform.Inbound, 0, len(*found.Items))
	for _, w := range *found.Items {
		at, err := time.Parse(time.RFC3339, w.At)
		if err != nil || !idShape.MatchString(w.ID) {
			return nil, unreadable(op, http.StatusOK)
		}
		list = append(list, platform.Inbound{ID: w.ID, Format: formats[w.Format], At: at.UTC()})
	}
	return list, nil
}

// ReceivedFile implements platform.Inbox. A document that is too large is *platform.Refused, because it stays too large.
func (c *Client) ReceivedFile(ctx context.Context, clientID, invoiceID string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	const op = "get received document"
	if !idShape.MatchString(invoiceID) {
		return nil, &Error{Op: op, Class: NotFound, Err: platform.ErrNotFound}
	}
	a, err := c.do(ctx, request{
		op: op, method: http.MethodGet, path: pathFiles + "/" + invoiceID, query: url.Values{queryFormat: {formatOriginal}}, client: clientID, original: true,
	})
	if errors.Is(err, outbound.ErrTooLarge) {
		return nil, &platform.Refused{Problems: []string{"The document is larger than 20 MiB."}}
	}
	return a.body, err
}

// SendStatus implements platform.Inbox.
func (c *Client) SendStatus(ctx context.Context, clientID string, a platform.Answer) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	const op = "send status"
	name, known := lifecycleName(a.Code)
	if err := checkRef(a.Ref); err != nil || !known {
		return "", &Error{Op: op, Class: Unexpected, Err: errRef}
	}
	var made wireEvent
	err := c.call(ctx, request{op: op, method: http.MethodPost, path: pathLifecycle, client: clientID, needsMandate: true, body: wireAnswer{
		Ref: a.Ref, ObjectType: objectInvoice, Object: a.InvoiceID, Status: name, ReasonCode: a.ReasonCode, Reason: a.Reason,
	}}, &made)
	if id := existingID(err); id != "" {
		return id, nil
	}
	if err != nil {
		return "", err
	}
	if !idShape.MatchString(made.ID) {
		return "", unreadable(op, http.StatusCreated)
	}
	return made.ID, nil
}

// lifecycleName is the opposite of lifecycleCode.
func lifecycleName(number int) (string, bool) {
	i := number - firstLifecycleCode
	if i < 0 || i >= len(lifecycleNames) {
		return "", false
	}
	return lifecycleNames[i], true
}
