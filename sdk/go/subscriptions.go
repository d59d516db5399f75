package eupay

import (
	"context"
	"iter"
	"net/http"
	"strconv"
	"time"
)

// Subscriptions collect an amount again and again: by a standing order of the payer's bank, or by payment links.
type Subscriptions struct{ c *caller }

const (
	subsPath = "/gateway/subscriptions"
	subPath  = subsPath + "/{}"
)

// SubscriptionStatus is how a subscription stands.
type SubscriptionStatus string

// The values of SubscriptionStatus.
const (
	SubscriptionPending    SubscriptionStatus = "pending"
	SubscriptionPendingSCA SubscriptionStatus = "pending_sca"
	SubscriptionActive     SubscriptionStatus = "active"
	SubscriptionCompleted  SubscriptionStatus = "completed"
	SubscriptionStopped    SubscriptionStatus = "stopped"
	SubscriptionFailed     SubscriptionStatus = "failed"
	SubscriptionExpired    SubscriptionStatus = "expired"
)

// Frequency is how often a subscription is due.
type Frequency string

// The values of Frequency.
const (
	Daily        Frequency = "daily"
	Weekly       Frequency = "weekly"
	TwoWeekly    Frequency = "two-weekly"
	Monthly      Frequency = "monthly"
	TwoMonthly   Frequency = "two-monthly"
	Quarterly    Frequency = "quarterly"
	FourMonthly  Frequency = "four-monthly"
	Semiannually Frequency = "semiannually"
	Yearly       Frequency = "yearly"
)

// Collect is who collects a subscription.
type Collect string

// The values of Collect. CollectAuto is for a new subscription: a bank, unless the one that is named makes no standing orders.
const (
	CollectAuto  Collect = "auto"
	CollectBank  Collect = "bank"
	CollectLinks Collect = "links"
)

// OccurrenceStatus is what becomes of an occurrence.
type OccurrenceStatus string

// The values of OccurrenceStatus. Planned: the subscription is not active yet. Unknown: nothing was seen in time.
const (
	OccurrencePlanned  OccurrenceStatus = "planned"
	OccurrenceExpected OccurrenceStatus = "expected"
	OccurrencePaid     OccurrenceStatus = "paid"
	OccurrenceMissed   OccurrenceStatus = "missed"
	OccurrenceUnknown  OccurrenceStatus = "unknown"
)

// SubscriptionParams is a new subscription, or one that replaces another: then what is empty is as it was.
type SubscriptionParams struct {
	// Of each occurrence.
	Amount Amount `json:"amount,omitzero"`
	// EUR when it is empty.
	Currency  string    `json:"currency,omitzero"`
	Frequency Frequency `json:"frequency,omitzero"`
	// YYYY-MM-DD. Without EndDate and Count it runs until it is stopped; give one of them at most.
	StartDate string  `json:"start_date,omitzero"`
	EndDate   string  `json:"end_date,omitzero"`
	Count     int     `json:"count,omitzero"`
	Collect   Collect `json:"collect,omitzero"`
	// How many days before its day the link of an occurrence is sent. Nil: 7.
	DaysBefore *int `json:"days_before,omitzero"`
	// Mail each link to the customer, whose Email is then required; only where links collect. Nil: no, or as it was.
	NotifyCustomer *bool `json:"notify_customer,omitzero"`
	// The payer's bank, of Banks. Empty: the payer chooses.
	Bank string `json:"bank,omitzero"`
	// Shown to the payer, and on bank statements. One line.
	Description string `json:"description,omitzero"`
	// Your own reference.
	Reference  string   `json:"reference,omitzero"`
	SuccessURL string   `json:"success_url,omitzero"`
	CancelURL  string   `json:"cancel_url,omitzero"`
	Metadata   Metadata `json:"metadata,omitzero"`
	Customer   *Payer   `json:"customer,omitzero"`
	// IdempotencyKey makes a repetition of the request harmless. Empty: the client makes one, for its own repetitions.
	IdempotencyKey string `json:"-"`
}

// Subscription is a subscription. Zero times are absent.
type Subscription struct {
	// ID is also the end-to-end reference of the transfers of its standing order.
	ID     string             `json:"id"`
	Status SubscriptionStatus `json:"status"`
	// Where the payer authorises it, or approves its cancellation. Empty: there is nothing to do, or the bank has not given it yet.
	AuthorisationURL string    `json:"authorisation_url"`
	Amount           Amount    `json:"amount"`
	Currency         string    `json:"currency"`
	Frequency        Frequency `json:"frequency"`
	StartDate        string    `json:"start_date"`
	EndDate          string    `json:"end_date"`
	// 0: no end.
	Count      int     `json:"count"`
	Collect    Collect `json:"collect"`
	DaysBefore int     `json:"days_before"`
	// NotifyCustomer: the links are mailed to the customer.
	NotifyCustomer bool       `json:"notify_customer"`
	Bank           string     `json:"bank"`
	Settlement     Settlement `json:"settlement"`

	Description    string   `json:"description"`
	Reference      string   `json:"reference"`
	SuccessURL     string   `json:"success_url"`
	CancelURL      string   `json:"cancel_url"`
	Metadata       Metadata `json:"metadata"`
	Livemode       bool     `json:"livemode"`
	StatusDetail   string   `json:"status_detail"`
	FailureCode    string   `json:"failure_code"`
	FailureMessage string   `json:"failure_message"`
	// You cancelled it and the bank has not answered yet.
	CancelRequested bool `json:"cancel_requested"`
	// Only the payer can end the standing order, at the bank; StopInstructions says how.
	StopAtBank       bool      `json:"stop_at_bank"`
	StopInstructions string    `json:"stop_instructions"`
	Replaces         string    `json:"replaces"`
	ReplacedBy       string    `json:"replaced_by"`
	Sequence         int       `json:"sequence"`
	CreatedAt        time.Time `json:"created_at"`
	UpdatedAt        time.Time `json:"updated_at"`
	ActivatedAt      time.Time `json:"activated_at"`
	EndedAt          time.Time `json:"ended_at"`
	// The next one that is expected. Only Get reads it. Nil: none.
	NextOccurrence *Occurrence `json:"next_occurrence"`
	// Replayed: an earlier request with the same key or reference has made it.
	Replayed bool `json:"-"`
}

// Occurrence is one day on which a subscription is due.
type Occurrence struct {
	// From 1.
	Number int `json:"number"`
	// By the schedule, and the bank day of its execution: YYYY-MM-DD.
	Date          string           `json:"date"`
	ExecutionDate string           `json:"execution_date"`
	Amount        Amount           `json:"amount"`
	Status        OccurrenceStatus `json:"status"`
	// By what it was decided: settlement, payment, bank, merchant, stopped, link_expired or no_evidence.
	Evidence string `json:"evidence"`
	// What shows it, such as a payment.
	EvidenceReference string `json:"evidence_reference"`
	PaymentLinkID     string `json:"payment_link_id"`
	// What you send to the payer.
	PaymentLinkURL string    `json:"payment_link_url"`
	Reminders      int       `json:"reminders"`
	DecidedAt      time.Time `json:"decided_at"`
}

// SubscriptionChange is an entry of a subscription's history.
type SubscriptionChange struct {
	Sequence int `json:"sequence"`
	// The number of the occurrence that changed; 0: the subscription itself.
	Occurrence  int    `json:"occurrence"`
	Status      string `json:"status"`
	FromStatus  string `json:"from_status"`
	Detail      string `json:"detail"`
	FailureCode string `json:"failure_code"`
	Cause       string `json:"cause"`
	// key:… or user:…; empty when nobody of yours did it.
	Actor      string    `json:"actor"`
	Note       string    `json:"note"`
	OccurredAt time.Time `json:"occurred_at"`
}

// SubscriptionListParams choose subscriptions. What is empty chooses nothing.
type SubscriptionListParams struct {
	ListParams
	Status SubscriptionStatus
	// Reference is your own.
	Reference string
}

// OccurrenceListParams choose occurrences. An empty Status chooses nothing.
type OccurrenceListParams struct {
	ListParams
	Status OccurrenceStatus
}

// CancelSubscriptionParams end a subscription.
type CancelSubscriptionParams struct {
	// The payer has ended the standing order at the bank.
	StoppedAtBank bool `json:"stopped_at_bank,omitzero"`
}

// OccurrenceReport is what you say of an occurrence.
type OccurrenceReport struct {
	// OccurrencePaid or OccurrenceMissed.
	Status OccurrenceStatus `json:"status"`
	Note   string           `json:"note,omitzero"`
}

// Create makes a subscription. With the IdempotencyKey or the Reference of an earlier request it returns what that made, with Replayed set.
func (s Subscriptions) Create(ctx context.Context, p SubscriptionParams) (*Subscription, error) {
	return s.make(ctx, call{path: subsPath}, p)
}

// Replace makes a subscription that takes the place of an active one, when the payer has authorised it. Without a StartDate it begins tomorrow.
func (s Subscriptions) Replace(ctx context.Context, id string, p SubscriptionParams) (*Subscription, error) {
	return s.make(ctx, call{path: subPath + "/replace", ids: []string{id}}, p)
}

func (s Subscriptions) make(ctx context.Context, c call, p SubscriptionParams) (*Subscription, error) {
	c.method, c.body, c.once, c.key, c.moded, c.wrapped = http.MethodPost, p, true, p.IdempotencyKey, true, true
	v, a, err := ask[Subscription](ctx, s.c, c)
	if err == nil {
		v.Replayed = a.replayed()
	}
	return v, err
}

// Get reads a subscription with its next occurrence.
func (s Subscriptions) Get(ctx context.Context, id string) (*Subscription, error) {
	return get[Subscription](ctx, s.c, call{method: http.MethodGet, path: subPath, ids: []string{id}, moded: true, wrapped: true})
}

// Cancel ends a subscription. The result may have to be approved by the payer, at its AuthorisationURL.
func (s Subscriptions) Cancel(ctx context.Context, id string, p CancelSubscriptionParams) (*Subscription, error) {
	return get[Subscription](ctx, s.c, call{method: http.MethodPost, path: subPath + "/cancel", ids: []string{id}, body: p, moded: true, wrapped: true})
}

func (s Subscriptions) listing(p SubscriptionListParams) listing[Subscription] {
	q := p.query()
	q.text("status", string(p.Status))
	q.text("reference", p.Reference)
	return listing[Subscription]{s.c, call{path: subsPath, query: q, moded: true}, nil}
}

// List reads one page of the subscriptions, the newest first.
func (s Subscriptions) List(ctx context.Context, p SubscriptionListParams) (*Page[Subscription], error) {
	return s.listing(p).page(ctx)
}

// All reads the subscriptions to their end, the newest first.
func (s Subscriptions) All(ctx context.Context, p SubscriptionListParams) iter.Seq2[Subscription, error] {
	return s.listing(p).all(ctx)
}

// Occurrences reads one page of the days on which a subscription is due, the oldest first.
func (s Subscriptions) Occurrences(ctx context.Context, id string, p OccurrenceListParams) (*Page[Occurrence], error) {
	q := p.query()
	q.text("status", string(p.Status))
	return listing[Occurrence]{s.c, call{path: subPath + "/occurrences", ids: []string{id}, query: q, moded: true}, nil}.page(ctx)
}

// Report says what became of an occurrence.
func (s Subscriptions) Report(ctx context.Context, id string, number int, p OccurrenceReport) (*Occurrence, error) {
	return get[Occurrence](ctx, s.c, call{
		method: http.MethodPost, path: subPath + "/occurrences/{}/report", ids: []string{id, strconv.Itoa(number)}, body: p, moded: true, wrapped: true,
	})
}

// History reads every change of a subscription and of its occurrences, the oldest first.
func (s Subscriptions) History(ctx context.Context, id string) ([]SubscriptionChange, error) {
	return list[SubscriptionChange](ctx, s.c, call{method: http.MethodGet, path: subPath + "/history", ids: []string{id}, moded: true})
}
