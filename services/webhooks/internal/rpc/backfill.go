package rpc

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"european-pay.eu/eupay/internal/errs"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/webhooks/internal/delivery"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
)

// dryRunTTL is how long a dry run may be confirmed.
const dryRunTTL = time.Hour

// plan is the result of a dry run. It is encoded in the token, and the actual run executes exactly this plan.
type plan struct {
	Endpoint string    `json:"e"`
	Types    []string  `json:"t"`
	Since    time.Time `json:"s"`
	Until    time.Time `json:"u"`
	Count    int64     `json:"n"`
	Made     time.Time `json:"m"`
}

// BackfillEndpoint implements WebhooksService.
func (s *Server) BackfillEndpoint(ctx context.Context, r *webhooksv1.BackfillEndpointRequest) (*webhooksv1.BackfillEndpointResponse, error) {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return nil, err
	}
	e, err := s.endpoints.Get(ctx, r.GetMerchantId(), r.GetLivemode(), r.GetId())
	if err != nil {
		return nil, err
	}
	if !e.Enabled {
		return nil, checkActive(endpoint.Disabled)
	}
	if r.GetDryRun() {
		return s.planBackfill(ctx, e, r)
	}
	p, err := s.parseToken(e, r.GetToken())
	if err != nil {
		return nil, err
	}
	return s.executeBackfill(ctx, e, p)
}

func (s *Server) planBackfill(ctx context.Context, e endpoint.Endpoint, r *webhooksv1.BackfillEndpointRequest) (*webhooksv1.BackfillEndpointResponse, error) {
	var c check
	now := s.now()
	since, until := c.time("since", r.GetSince()), c.time("until", r.GetUntil())
	c.If(r.GetSince() == nil, "since", "is required: the time from which events are sent")
	c.If(since != nil && since.After(now), "since", "must not be in the future")
	if until == nil || until.After(now) {
		until = &now
	}
	c.If(since != nil && !since.Before(*until), "until", "must be after since")
	c.Problems = append(c.Problems, endpoint.CheckTypes(r.GetEventTypes())...)
	if err := c.Err(); err != nil {
		return nil, err
	}
	p := plan{Endpoint: e.ID, Types: typesFor(e, r.GetEventTypes()), Since: *since, Until: *until, Made: now}
	span, err := delivery.CountBackfill(ctx, s.reads, p.of(e))
	if err != nil {
		return nil, err
	}
	p.Count = span.Count
	token, err := s.token(e, p)
	if err != nil {
		return nil, err
	}
	return &webhooksv1.BackfillEndpointResponse{
		Count: span.Count, More: span.Count > maxRedrive, FirstAt: optional(span.First), LastAt: optional(span.Last), Token: token,
	}, nil
}

// typesFor returns the event types that the endpoint receives, restricted to those asked for.
func typesFor(e endpoint.Endpoint, asked []string) []string {
	types := []string{}
	for _, t := range endpoint.Types() {
		as, wanted := endpoint.Announce(e.EventTypes, t)
		if wanted && (len(asked) == 0 || slices.Contains(asked, t) || slices.Contains(asked, as) || slices.Contains(asked, endpoint.All)) {
			types = append(types, t)
		}
	}
	return types
}

func (p plan) of(e endpoint.Endpoint) delivery.Backfill {
	return delivery.Backfill{
		Merchant: e.Merchant, Livemode: e.Livemode, EndpointID: e.ID, Types: p.Types, Created: delivery.Between{After: &p.Since, Before: &p.Until},
	}
}

// executeBackfill records the deliveries of the plan that have not been recorded in the meantime.
func (s *Server) executeBackfill(ctx context.Context, e endpoint.Endpoint, p plan) (*webhooksv1.BackfillEndpointResponse, error) {
	ids, err := delivery.BackfillIDs(ctx, s.pool, p.of(e), maxRedrive+1)
	if err != nil {
		return nil, err
	}
	resp := &webhooksv1.BackfillEndpointResponse{More: len(ids) > maxRedrive}
	for batch := range slices.Chunk(ids[:min(len(ids), maxRedrive)], redriveBatch) {
		n, err := s.redriver.Backfill(ctx, e.ID, batch)
		if err != nil {
			return nil, err
		}
		resp.Count += int64(n)
	}
	return resp, nil
}

func (s *Server) token(e endpoint.Endpoint, p plan) (string, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("write plan: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(text) + "." + base64.RawURLEncoding.EncodeToString(s.sign(e, text)), nil
}

func (s *Server) sign(e endpoint.Endpoint, text []byte) []byte {
	mac := hmac.New(sha256.New, s.vault.Derive("backfill\x00"+e.Merchant+"\x00"+e.ID))
	mac.Write(text)
	return mac.Sum(nil)
}

// parseToken decodes the token of a dry run of this endpoint.
func (s *Server) parseToken(e endpoint.Endpoint, token string) (plan, error) {
	wrong := errs.Invalid(errs.Field{Field: "token", Message: "token must come from a dry run of this endpoint within the last hour: call with dry_run true first."})
	payload, signature, ok := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(payload)
	mac, macErr := base64.RawURLEncoding.DecodeString(signature)
	if !ok || err != nil || macErr != nil || !hmac.Equal(mac, s.sign(e, text)) {
		return plan{}, wrong
	}
	var p plan
	if json.Unmarshal(text, &p) != nil || p.Endpoint != e.ID || s.now().Sub(p.Made) > dryRunTTL {
		return plan{}, wrong
	}
	return p, nil
}
