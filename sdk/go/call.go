package eupay

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// callLimit is for one attempt. The API answers within 30 seconds.
	callLimit = 40 * time.Second
	// maxAnswer is more than any answer has.
	maxAnswer = 32 << 20
)

// Why an answer is not taken.
var (
	// ErrTooLarge is for an answer that is larger than any of EU Pay's.
	ErrTooLarge = errors.New("the answer is larger than any of EU Pay's")
	// ErrID is for an id or a reference that is empty or cannot be one: the request would be another one than it says.
	ErrID = errors.New("an id or a reference is empty, or cannot be one")
)

// call is one request of the API.
type call struct {
	method string
	// path below /api/v1. Each {} is one of the ids.
	path string
	ids  []string

	query query
	// body is sent as JSON; nil: none.
	body any
	file *File // sent as it is

	// once: the operation takes an Idempotency-Key. It is key, or one that the client makes.
	once bool
	key  string
	// open: anybody may call it, so it carries no credentials.
	open bool
	// moded: with a login, the query says which mode is meant.
	moded bool
	// wrapped: the answer is {"success":true,"data":…}.
	wrapped bool

	header http.Header // more of them; nil: none
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// replayed reports whether an earlier request has done it, and nothing was done now.
func (a *answer) replayed() bool { return a.header.Get("Idempotent-Replayed") == "true" }

// repeatable reports whether the request may be sent again when nobody knows what became of it.
func (op *call) repeatable() bool {
	switch op.method {
	case http.MethodGet, http.MethodPut, http.MethodDelete:
		return true
	default:
		return op.once
	}
}

// url is where the request goes.
func (op *call) url(c *caller) (string, error) {
	path := op.path
	for _, id := range op.ids {
		if id == "" || id == "." || id == ".." {
			return "", fmt.Errorf("%s %s: %w", op.method, op.path, ErrID)
		}
		path = strings.Replace(path, "{}", url.PathEscape(id), 1)
	}
	if op.moded && c.mode != nil {
		op.query = op.query.clone()
		op.query.flag("livemode", *c.mode)
	}
	if len(op.query) > 0 {
		path += "?" + url.Values(op.query).Encode()
	}
	return c.base + "/api/v1" + path, nil
}

// payload is the body and its type.
func (op *call) payload() ([]byte, string, error) {
	switch {
	case op.file != nil:
		return op.file.Data, op.file.ContentType, nil
	case op.body == nil:
		return nil, "", nil
	}
	raw, err := json.Marshal(op.body)
	if err != nil {
		return nil, "", fmt.Errorf("write the request: %w", err)
	}
	return raw, "application/json", nil
}

// parcel makes the request that every attempt sends.
func (c *caller) parcel(op *call) (*http.Request, error) {
	if c.bad != nil {
		return nil, c.bad
	}
	target, err := op.url(c)
	if err != nil {
		return nil, err
	}
	raw, kind, err := op.payload()
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(context.Background(), op.method, target, bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	req.Header.Set("User-Agent", c.agent)
	for name, values := range op.header {
		req.Header[name] = values
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if op.once {
		req.Header.Set("Idempotency-Key", cmp.Or(op.key, rand.Text()))
	}
	if c.authorise != nil && !op.open {
		c.authorise(req.Header)
	}
	return req, nil
}

// attempt sends the request once and reads the whole answer, whatever it is.
func (c *caller) attempt(ctx context.Context, parcel *http.Request) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	req := parcel.Clone(ctx)
	body, err := parcel.GetBody()
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	req.Body = body
	resp, err := c.http.Do(req) //nolint:gosec // the program says where the API is
	if err != nil {
		return nil, fmt.Errorf("EU Pay does not answer: %w", err)
	}
	defer resp.Body.Close()
	return read(resp)
}

func read(resp *http.Response) (*answer, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("read EU Pay's answer: %w", err)
	}
	if len(body) > maxAnswer {
		return nil, ErrTooLarge
	}
	return &answer{resp.StatusCode, resp.Header, body}, nil
}

// ask makes the call and reads its answer.
func ask[T any](ctx context.Context, c *caller, op call) (*T, *answer, error) {
	a, err := c.send(ctx, &op)
	if err != nil {
		return nil, nil, err
	}
	into := new(T)
	var out any = into
	if op.wrapped {
		out = &struct {
			Data *T `json:"data"`
		}{into}
	}
	if err := json.Unmarshal(a.body, out); err != nil {
		return nil, nil, fmt.Errorf("read EU Pay's answer to %s %s: %w", op.method, op.path, err)
	}
	return into, a, nil
}

// get makes the call where nothing but the answer's content matters.
func get[T any](ctx context.Context, c *caller, op call) (*T, error) {
	v, _, err := ask[T](ctx, c, op)
	return v, err
}

// do makes a call whose answer says nothing.
func do(ctx context.Context, c *caller, op call) error {
	_, err := c.send(ctx, &op)
	return err
}

// list makes a call whose answer is a list without pages, which holds it as data.
func list[T any](ctx context.Context, c *caller, op call) ([]T, error) {
	op.wrapped = true
	v, err := get[[]T](ctx, c, op)
	if err != nil {
		return nil, err
	}
	return *v, nil
}
