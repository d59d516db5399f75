package seqino

import (
	"context"
	"net/http"
	"net/url"

	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// Submit implements platform.Platform. It creates a draft, or updates an existing one (from an earlier attempt) with the current
// content. Then it validates the draft with our PDF. Validated drafts refuse both, and name the invoice.
func (c *Client) Submit(ctx context.Context, clientID string, s platform.Submission) (platform.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	var r platform.Receipt
	if idShape.MatchString(s.DraftID) {
		r.DraftID = s.DraftID
	}
	body, err := encodeDocument(s)
	if err != nil {
		return r, &Error{Op: "create draft", Class: Unexpected, Err: err}
	}
	d := submission{Client: c, clientID: clientID, s: s, body: body}
	if err := d.ensure(ctx, &r); err != nil || r.InvoiceID != "" {
		return r, err
	}
	return r, d.validate(ctx, &r)
}

// submission is one call of Submit.
type submission struct {
	*Client
	clientID string
	s        platform.Submission
	body     []byte
}

// ensure leaves r with a draft that has the document's content, or with the invoice if the draft was validated before. A draft
// that no longer exists is created again, once.
func (d submission) ensure(ctx context.Context, r *platform.Receipt) error {
	var err error
	for range 2 {
		if r.DraftID == "" {
			if fresh, err := d.create(ctx, r); err != nil || fresh {
				return err
			}
		}
		err = d.replace(ctx, r.DraftID)
		switch statusOf(err) {
		case http.StatusNotFound:
			r.DraftID = ""
		case http.StatusConflict:
			return d.readValidated(ctx, r)
		default:
			return err
		}
	}
	return err
}

// create creates the draft. fresh means that it did not exist before.
func (d submission) create(ctx context.Context, r *platform.Receipt) (fresh bool, err error) {
	const op = "create draft"
	var made wireDraft
	err = d.call(ctx, request{op: op, method: http.MethodPost, path: pathDrafts, client: d.clientID, raw: d.body, needsMandate: true}, &made)
	switch {
	case statusOf(err) == http.StatusConflict:
		r.DraftID, err = d.existing(ctx, err)
		return false, err
	case err != nil:
		return false, err
	case !idShape.MatchString(made.ID):
		return false, unreadable(op, http.StatusCreated)
	}
	r.DraftID = made.ID
	return true, nil
}

// existing returns the draft that a conflict names, otherwise the one with our reference.
func (d submission) existing(ctx context.Context, conflict error) (string, error) {
	if id := existingID(conflict); id != "" {
		return id, nil
	}
	var found struct {
		list[wireDraft]
		wireDraft
	}
	err := d.call(ctx, request{
		op: "find draft", method: http.MethodGet, path: pathDrafts, client: d.clientID, query: url.Values{queryRef: {d.s.Ref}},
	}, &found)
	if err != nil {
		return "", err
	}
	for _, one := range append(found.Items, found.wireDraft) {
		if one.Ref == d.s.Ref && idShape.MatchString(one.ID) {
			return one.ID, nil
		}
	}
	return "", conflict
}

func (d submission) replace(ctx context.Context, draftID string) error {
	_, err := d.do(ctx, request{
		op: "replace draft", method: http.MethodPut, path: pathDrafts + "/" + draftID, client: d.clientID, raw: d.body, needsMandate: true,
	})
	return err
}

func (d submission) validate(ctx context.Context, r *platform.Receipt) error {
	const op = "validate draft"
	var done wireDraft
	err := d.call(ctx, request{
		op: op, method: http.MethodPost, path: pathDrafts + "/" + r.DraftID + suffixValidate, client: d.clientID,
		body: wireValidate{Format: formatFacturX, File: d.s.PDF}, needsMandate: true,
	}, &done)
	switch {
	case statusOf(err) == http.StatusConflict:
		return d.readValidated(ctx, r)
	case err != nil:
		return err
	case !idShape.MatchString(done.InvoiceID):
		return unreadable(op, http.StatusOK)
	}
	d.accept(r, done)
	return nil
}

// readValidated returns the invoice that a draft became.
func (d submission) readValidated(ctx context.Context, r *platform.Receipt) error {
	const op = "read draft"
	var w wireDraft
	err := d.call(ctx, request{op: op, method: http.MethodGet, path: pathDrafts + "/" + r.DraftID, client: d.clientID}, &w)
	switch {
	case err != nil:
		return err
	case w.Ref != d.s.Ref: // the invoice of another document must never be used
		return &Error{Op: op, Class: Unexpected, Status: http.StatusOK, Err: errOtherDraft}
	case w.Status != draftValidated:
		return &Error{Op: op, Class: Conflict, Status: http.StatusConflict}
	case !idShape.MatchString(w.InvoiceID):
		return unreadable(op, http.StatusOK)
	}
	d.accept(r, w)
	return nil
}

// accept records the platform's id of the document. A number that differs from ours cannot be fixed by sending anything again, so
// it is logged.
func (d submission) accept(r *platform.Receipt, w wireDraft) {
	r.InvoiceID = w.InvoiceID
	if w.InvoiceNumber != "" && w.InvoiceNumber != d.s.Document.Number {
		d.log.Error("the e-invoicing platform assigned a different number to a document",
			"number", d.s.Document.Number, "platform_number", code(w.InvoiceNumber), "invoice_id", w.InvoiceID)
	}
}
