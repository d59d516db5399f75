package seqino

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"european-pay.eu/eupay/internal/outbound"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

const (
	maxAnswer = 1 << 20
	// maxFile limits a PDF in both directions.
	maxFile = 20 << 20
	// maxRetryAfter limits the delay that the platform's Retry-After header can impose.
	maxRetryAfter = time.Hour
	// maxProblems is how many problems of a refusal are kept.
	maxProblems = 20
)

type request struct {
	op, method, path string
	query            url.Values
	// client that the request is about; may be empty.
	client string
	// body is encoded as JSON; raw is JSON already. Without either there is no body.
	body any
	raw  []byte
	// needsMandate: the platform requires a mandate for the request, so a 403 means that there is none.
	needsMandate bool
	// file means that the response is a PDF; original that it is a received document, a PDF or XML.
	file, original bool
}

// answer is a 2xx response.
type answer struct {
	status int
	body   []byte
}

// call sends the request and decodes its JSON response into out.
func (c *Client) call(ctx context.Context, r request, out any) error {
	a, err := c.do(ctx, r)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(a.body, out); err != nil {
		return unreadable(r.op, a.status)
	}
	return nil
}

// do sends the request once.
func (c *Client) do(ctx context.Context, r request) (answer, error) {
	req, err := c.request(ctx, r)
	if err != nil {
		return answer{}, &Error{Op: r.op, Class: Unexpected, Err: err}
	}
	resp, err := outbound.Do(c.http, req, "seqino "+r.op)
	if err != nil {
		return answer{}, &Error{Op: r.op, Class: Unreachable, Err: outbound.Cause(err)}
	}
	defer resp.Body.Close()
	return c.read(r, resp)
}

func (c *Client) request(ctx context.Context, r request) (*http.Request, error) {
	if r.client != "" && !idShape.MatchString(r.client) {
		return nil, errNoID
	}
	body, err := r.encode()
	if err != nil {
		return nil, err
	}
	u := *c.base
	u.Path, u.RawPath, u.RawQuery = u.Path+r.path, "", r.query.Encode()
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("request cannot be built")
	}
	req.Header.Set(headerKey, c.cfg.APIKey)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "eupay")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.client != "" {
		req.Header.Set(headerClient, r.client)
	}
	switch {
	case r.original:
		req.Header.Set("Accept", mediaPDF+", application/xml")
	case r.file:
		req.Header.Set("Accept", mediaPDF)
	}
	return req, nil
}

func (r request) encode() ([]byte, error) {
	if r.raw != nil || r.body == nil {
		return r.raw, nil
	}
	return encode(r.body)
}

func (c *Client) read(r request, resp *http.Response) (answer, error) {
	good := resp.StatusCode >= 200 && resp.StatusCode <= 299
	limit := maxAnswer
	if (r.file || r.original) && good {
		limit = maxFile
	}
	body, err := outbound.ReadAll(resp.Body, limit)
	if !good {
		return answer{}, c.refusal(r, resp, body)
	}
	c.reportKeyAccepted()
	switch {
	case errors.Is(err, outbound.ErrTooLarge):
		return answer{}, &Error{Op: r.op, Class: Unexpected, Status: resp.StatusCode, Err: err}
	case err != nil:
		return answer{}, &Error{Op: r.op, Class: Unreachable, Err: err}
	case r.file && !isPDF(resp.Header.Get("Content-Type"), body):
		return answer{}, unreadable(r.op, resp.StatusCode)
	}
	return answer{status: resp.StatusCode, body: body}, nil
}

// refusal converts a response that is not a 2xx. A body that is not one of the platform's errors is discarded.
func (c *Client) refusal(r request, resp *http.Response, body []byte) *Error {
	var w wireError
	if json.Unmarshal(body, &w) != nil {
		w = wireError{}
	}
	e := &Error{
		Op: r.op, Status: resp.StatusCode, Wait: outbound.RetryAfter(resp.Header.Get("Retry-After"), c.cfg.Now(), maxRetryAfter),
		Description: c.safeText(w.Error), TraceID: code(w.TraceID),
	}
	switch status := resp.StatusCode; {
	case status == http.StatusTooManyRequests:
		e.Class = Limited
	case status >= 500, status == http.StatusRequestTimeout, status == http.StatusTooEarly:
		e.Class = Unavailable
	case status == http.StatusForbidden && r.needsMandate:
		e.Class, e.Err = NoMandate, platform.ErrNoMandate
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		e.Class = Misconfigured
		c.reportKeyRejected(e)
	case status == http.StatusNotFound:
		e.Class, e.Err = NotFound, platform.ErrNotFound
	case status == http.StatusConflict:
		e.Class = Conflict
		if idShape.MatchString(w.ExistingID) {
			e.existing = w.ExistingID
		}
	case status == http.StatusUnprocessableEntity && r.method != http.MethodGet:
		e.Class, e.Err, e.Description = Refused, c.refused(w), ""
	default:
		e.Class = Unexpected
	}
	return e
}

// refused describes, in words for a merchant, why the platform refused a request.
func (c *Client) refused(w wireError) *platform.Refused {
	no := &platform.Refused{}
	for _, d := range w.Details {
		if len(no.Problems) == maxProblems {
			no.Problems = append(no.Problems, strconv.Itoa(len(w.Details)-maxProblems)+" more.")
			break
		}
		if text := join(" ", c.safeText(d.Message), bracketed(d.Field)); text != "" {
			no.Problems = append(no.Problems, join(": ", code(d.Rule), text))
		}
		if no.Code == "" {
			no.Code = code(d.Rule)
		}
	}
	if len(no.Problems) == 0 {
		no.Problems = []string{"The platform gave no reason."}
		if text := c.safeText(w.Error); text != "" {
			no.Problems[0] = text
		}
	}
	return no
}

// bracketed returns a field's name in brackets, such as [lines[0].vat_rate], or nothing.
func bracketed(field string) string {
	if !fieldShape.MatchString(field) {
		return ""
	}
	return "(" + field + ")"
}

// reportKeyRejected logs an error, once, when the platform stops accepting our key: everything waits for an operator then.
func (c *Client) reportKeyRejected(e *Error) {
	if e.Status == http.StatusUnauthorized && !c.keyRejected.Swap(true) {
		c.log.Error("the e-invoicing platform rejects our API key: nothing is sent until the setting is corrected",
			"op", e.Op, "status", e.Status, "trace_id", e.TraceID)
	}
}

func (c *Client) reportKeyAccepted() {
	if c.keyRejected.Load() && c.keyRejected.Swap(false) {
		c.log.Info("the e-invoicing platform accepts our API key again")
	}
}
