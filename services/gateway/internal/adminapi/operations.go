package adminapi

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/bus"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	operationsv1 "european-pay.eu/eupay/proto/eupay/operations/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	callTimeout = 5 * time.Second
	// mostListed bounds each list; total says how many there are.
	mostListed = 100
)

// Backlog is a service that has consumers of events.
type Backlog struct {
	Name   string
	Client operationsv1.BacklogServiceClient
}

// OperationsDeps are what NewOperations needs.
type OperationsDeps struct {
	Audit         *audit.Log
	Access        *caller.Access
	Payments      paymentsv1.OperationsServiceClient
	Webhooks      webhooksv1.OperationsServiceClient
	Transmissions einvoicev1.OperationsServiceClient
	Backlogs      []Backlog
	// JS tells the state of the streams.
	JS jetstream.JetStream
}

// Operations is what admins see of the running platform: what is stuck, and why. Make it with NewOperations.
type Operations struct{ d OperationsDeps }

// NewOperations returns the handlers.
func NewOperations(d OperationsDeps) *Operations { return &Operations{d: d} }

// Register puts the endpoints on the group of /api/v1.
func (o *Operations) Register(g *web.API) {
	login := o.d.Access.Login(caller.Admin...)
	g.GET("/admin/operations/payments", o.stalled, login)
	g.GET("/admin/operations/webhooks", o.troubled, login)
	g.GET("/admin/operations/transmissions", o.transmissions, login)
	g.GET("/admin/operations/streams", o.streams, login)
	g.GET("/admin/operations/dead-letters", o.deadLetters, login)
	g.POST("/admin/operations/dead-letters/:sequence/requeue", o.requeue, login, o.d.Access.Fresh)
}

type stalledPayment struct {
	Reference     string      `json:"reference"`
	Kind          string      `json:"kind"`
	MerchantID    string      `json:"merchant_id"`
	Livemode      bool        `json:"livemode"`
	Amount        money.Cents `json:"amount"`
	Status        string      `json:"status"`
	Detail        string      `json:"detail"`
	ProviderState string      `json:"provider_state"`
	CreatedAt     string      `json:"created_at"`
	UpdatedAt     string      `json:"updated_at"`
	StalledAt     *string     `json:"stalled_at"`
	NextCheckAt   *string     `json:"next_check_at"`
}

// some is a list that is cut, and how many there are in all.
type some[T any] struct {
	Data  []T   `json:"data"`
	Total int64 `json:"total"`
}

func (o *Operations) stalled(c echo.Context) error {
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := o.d.Payments.ListStalled(ctx, &paymentsv1.ListStalledRequest{Limit: mostListed})
	if err != nil {
		return err
	}
	out := some[stalledPayment]{Data: []stalledPayment{}, Total: res.GetTotal()}
	for _, p := range res.GetPayments() {
		out.Data = append(out.Data, stalledPayment{
			Reference: p.GetReference(), Kind: p.GetKind(), MerchantID: p.GetMerchantId(), Livemode: p.GetLivemode(), Amount: money.Cents(p.GetAmountCents()),
			Status: p.GetStatus(), Detail: p.GetDetail(), ProviderState: p.GetProviderState(), CreatedAt: web.Stamp(p.GetCreatedAt()),
			UpdatedAt: web.Stamp(p.GetUpdatedAt()), StalledAt: web.OptionalStamp(p.GetStalledAt()), NextCheckAt: web.OptionalStamp(p.GetDueAt()),
		})
	}
	return web.Answer(c, http.StatusOK, out)
}

type troubledEndpoint struct {
	ID                  string  `json:"id"`
	MerchantID          string  `json:"merchant_id"`
	Livemode            bool    `json:"livemode"`
	Origin              string  `json:"origin"`
	Enabled             bool    `json:"enabled"`
	DisabledReason      string  `json:"disabled_reason"`
	ConsecutiveFailures int32   `json:"consecutive_failures"`
	FailingSince        *string `json:"failing_since"`
	LastError           string  `json:"last_error"`
	WaitingDeliveries   int64   `json:"waiting_deliveries"`
}

func (o *Operations) troubled(c echo.Context) error {
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := o.d.Webhooks.ListTroubledEndpoints(ctx, &webhooksv1.ListTroubledEndpointsRequest{Limit: mostListed})
	if err != nil {
		return err
	}
	out := some[troubledEndpoint]{Data: []troubledEndpoint{}, Total: res.GetTotal()}
	for _, e := range res.GetEndpoints() {
		out.Data = append(out.Data, troubledEndpoint{
			ID: e.GetId(), MerchantID: e.GetMerchantId(), Livemode: e.GetLivemode(), Origin: e.GetOrigin(), Enabled: e.GetEnabled(),
			DisabledReason: e.GetDisabledReason(), ConsecutiveFailures: e.GetConsecutiveFailures(), FailingSince: web.OptionalStamp(e.GetFailingSince()),
			LastError: e.GetLastError(), WaitingDeliveries: e.GetWaiting(),
		})
	}
	return web.Answer(c, http.StatusOK, out)
}

type transmissionCount struct {
	Livemode bool    `json:"livemode"`
	Kind     string  `json:"kind"`
	State    string  `json:"state"`
	Count    int64   `json:"count"`
	OldestAt *string `json:"oldest_at"`
}

type transmissionTrouble struct {
	Livemode      bool    `json:"livemode"`
	Kind          string  `json:"kind"`
	What          string  `json:"what"`
	MerchantID    string  `json:"merchant_id"`
	State         string  `json:"state"`
	Attempts      int32   `json:"attempts"`
	Error         string  `json:"error"`
	NextAttemptAt *string `json:"next_attempt_at"`
}

func (o *Operations) transmissions(c echo.Context) error {
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	out := struct {
		Counts   []transmissionCount   `json:"counts"`
		Troubles []transmissionTrouble `json:"troubles"`
	}{[]transmissionCount{}, []transmissionTrouble{}}
	for _, live := range []bool{true, false} {
		res, err := o.d.Transmissions.ListTransmissions(ctx, &einvoicev1.ListTransmissionsRequest{Livemode: live})
		if err != nil {
			return err
		}
		for _, n := range res.GetCounts() {
			out.Counts = append(out.Counts, transmissionCount{live, n.GetKind(), n.GetState(), n.GetCount(), web.OptionalStamp(n.GetOldest())})
		}
		for _, t := range res.GetTroubles() {
			out.Troubles = append(out.Troubles, transmissionTrouble{
				live, t.GetKind(), t.GetWhat(), t.GetMerchantId(), t.GetState(), t.GetAttempts(), t.GetError(), web.OptionalStamp(t.GetNextAt()),
			})
		}
	}
	return web.Answer(c, http.StatusOK, out)
}

type stream struct {
	Name     string  `json:"name"`
	Missing  bool    `json:"missing"`
	Messages uint64  `json:"messages"`
	Bytes    uint64  `json:"bytes"`
	OldestAt *string `json:"oldest_at"`
	NewestAt *string `json:"newest_at"`
}

type consumer struct {
	Service        string  `json:"service"`
	Stream         string  `json:"stream"`
	Name           string  `json:"name"`
	Missing        bool    `json:"missing"`
	Lag            uint64  `json:"lag"`
	Unacknowledged int64   `json:"unacknowledged"`
	Redelivered    int64   `json:"redelivered"`
	LastActivityAt *string `json:"last_activity_at"`
}

func (o *Operations) streams(c echo.Context) error {
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	out := struct {
		Streams     []stream   `json:"streams"`
		Consumers   []consumer `json:"consumers"`
		Unreachable []string   `json:"unreachable"`
	}{[]stream{}, []consumer{}, []string{}}
	for _, name := range []string{bus.Commands, bus.Events, bus.Replay, bus.DeadLetter} {
		out.Streams = append(out.Streams, o.stream(ctx, name))
	}
	for _, b := range o.d.Backlogs {
		res, err := b.Client.ListConsumers(ctx, &operationsv1.ListConsumersRequest{})
		if err != nil { // the page is for the time when something is down
			out.Unreachable = append(out.Unreachable, b.Name)
			continue
		}
		for _, n := range res.GetConsumers() {
			out.Consumers = append(out.Consumers, consumer{
				b.Name, n.GetStream(), n.GetName(), n.GetMissing(), n.GetLag(), n.GetUnacknowledged(), n.GetRedelivered(), web.OptionalStamp(n.GetLastActivityAt()),
			})
		}
	}
	return web.Answer(c, http.StatusOK, out)
}

func (o *Operations) stream(ctx context.Context, name string) stream {
	s, err := o.d.JS.Stream(ctx, name)
	if err != nil {
		return stream{Name: name, Missing: true}
	}
	state := s.CachedInfo().State // it was read a moment ago
	out := stream{Name: name, Messages: state.Msgs, Bytes: state.Bytes}
	if state.Msgs > 0 {
		out.OldestAt, out.NewestAt = web.OptionalTime(&state.FirstTime), web.OptionalTime(&state.LastTime)
	}
	return out
}

type deadLetter struct {
	Sequence   string `json:"sequence"`
	Service    string `json:"service"`
	Consumer   string `json:"consumer"`
	ParkedAt   string `json:"parked_at"`
	Subject    string `json:"subject"`
	Reason     string `json:"reason"`
	EventID    string `json:"event_id"`
	EventType  string `json:"event_type"`
	MerchantID string `json:"merchant_id"`
	Livemode   bool   `json:"livemode"`
	// Refusal says why it cannot be given back; empty: it can.
	Refusal string `json:"refusal"`
}

func deadLetterView(service string, d *operationsv1.DeadLetter) deadLetter {
	return deadLetter{
		strconv.FormatUint(d.GetSequence(), 10), service, d.GetConsumer(), web.Stamp(d.GetParkedAt()), d.GetSubject(), d.GetReason(), d.GetEventId(),
		d.GetEventType(), d.GetMerchantId(), d.GetLivemode(), d.GetRefusal(),
	}
}

func (o *Operations) deadLetters(c echo.Context) error {
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	out := struct {
		Data        []deadLetter `json:"data"`
		Unreachable []string     `json:"unreachable"`
	}{[]deadLetter{}, []string{}}
	for _, b := range o.d.Backlogs {
		res, err := b.Client.ListDeadLetters(ctx, &operationsv1.ListDeadLettersRequest{Limit: mostListed})
		if err != nil {
			out.Unreachable = append(out.Unreachable, b.Name)
			continue
		}
		for _, d := range res.GetDeadLetters() {
			out.Data = append(out.Data, deadLetterView(b.Name, d))
		}
	}
	slices.SortFunc(out.Data, func(a, b deadLetter) int { return strings.Compare(a.ParkedAt, b.ParkedAt) })
	return web.Answer(c, http.StatusOK, out)
}

// requeue asks each service: only the one whose consumer parked the letter knows it. What was asked for is noted before, so nothing is
// given back without an entry.
func (o *Operations) requeue(c echo.Context) error {
	sequence, err := strconv.ParseUint(c.Param("sequence"), 10, 64)
	if err != nil || sequence == 0 {
		return errs.NotFound("Dead letter")
	}
	if err := o.d.Audit.NoteRequeue(c.Request().Context(), caller.Of(c).Login.ID, sequence); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	for _, b := range o.d.Backlogs {
		res, err := b.Client.RequeueDeadLetter(ctx, &operationsv1.RequeueDeadLetterRequest{Sequence: sequence})
		if errs.Is(err, errs.NotFoundCode) {
			continue
		}
		if err != nil {
			return err
		}
		return web.Answer(c, http.StatusOK, deadLetterView(b.Name, res.GetDeadLetter()))
	}
	return errs.NotFound("Dead letter")
}
