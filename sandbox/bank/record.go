package bank

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"european-pay.eu/eupay/sandbox/internal/fault"
)

// The states of a payment.
const (
	StateCreated    = "created"
	StateValidating = "validating"
	StatePending    = "pending"
	StateDone       = "done"
	StateAccepted   = "accepted"
	StateRejected   = "rejected"
	StateExpired    = "expired"
	StatePartial    = "partial"
)

// Final reports whether a payment in this state never changes again.
func Final(state string) bool {
	return state != StateCreated && state != StateValidating && state != StatePending
}

// payment is one slot of the store. Whoever changes it holds mu; a record, once stored, is never written again, so
// readers need no lock.
type payment struct {
	mu  sync.Mutex
	cur atomic.Pointer[record]
}

// record is everything the bank knows of a payment at one moment, as the journal keeps it.
type record struct {
	ID               int64     `json:"id"`
	State            string    `json:"state"`
	StateDetail      string    `json:"detail,omitempty"`
	Action           string    `json:"action,omitempty"`
	ErrorCode        string    `json:"error,omitempty"`
	ErrorDescription string    `json:"error_text,omitempty"`
	ValidateURI      string    `json:"uri,omitempty"`
	Mechanism        string    `json:"mechanism,omitempty"`
	Connector        string    `json:"connector,omitempty"`
	Fields           []field   `json:"fields,omitempty"`
	Registered       time.Time `json:"registered"`
	Validated        time.Time `json:"validated,omitzero"`
	RedirectURI      string    `json:"redirect"`
	ClientState      string    `json:"client_state,omitempty"`
	// CancelRedirect and CancelState are where the payer lands after answering a cancellation.
	CancelRedirect   string        `json:"cancel_redirect,omitempty"`
	CancelState      string        `json:"cancel_state,omitempty"`
	Payer            *account      `json:"payer,omitempty"`
	PayerIdentity    *identity     `json:"payer_identity,omitempty"`
	OperatorIdentity *identity     `json:"operator_identity,omitempty"`
	Instructions     []instruction `json:"instructions"`

	// Plan is what will become of it, Due when the next step of it happens and Next which one.
	Plan plan      `json:"plan,omitzero"`
	Due  time.Time `json:"due,omitzero"`
	Next step      `json:"next,omitempty"`
	// UseCase is how the payer of a client's own webview proves that it is them.
	UseCase string `json:"use_case,omitempty"`
	// WebviewURL is where the payer of a client's own webview returns.
	WebviewURL string        `json:"webview_url,omitempty"`
	Faults     []fault.Fault `json:"faults,omitempty"`
	// Hook is the id of the webhook that announces this change; 0 for a change that is not announced.
	Hook int64 `json:"hook,omitempty"`
}

// step is what happens to a payment when its time has come.
type step string

const (
	stepExpire    step = "expire"    // nobody decided in time
	stepNoAnswer  step = "no_answer" // the payer did not answer at the bank
	stepAuthorise step = "authorise" // authorised without a payer
	stepPhase     step = "phase"     // one pending phase is over
	stepDecoupled step = "decoupled" // the payer answered on another channel
)

type account struct {
	Scheme         string `json:"scheme_name"`
	Identification string `json:"identification"`
	Label          string `json:"label"`
	Issuer         string `json:"issuer,omitempty"`
}

type instruction struct {
	ReferenceID   string    `json:"ref"`
	Cents         int64     `json:"cents"`
	Currency      string    `json:"currency"`
	Label         string    `json:"label"`
	Kind          string    `json:"kind"`
	ExecutionDate string    `json:"date,omitempty"`
	StartDate     string    `json:"start,omitempty"`
	EndDate       string    `json:"end,omitempty"`
	Frequency     string    `json:"frequency,omitempty"`
	Beneficiary   account   `json:"to"`
	Identity      *identity `json:"to_identity,omitempty"`
	State         string    `json:"state,omitempty"`
}

// field is a question that the bank asks through the client's own webview.
type field struct {
	Name     string       `json:"name"`
	Type     string       `json:"type"`
	Label    string       `json:"label"`
	Regex    *string      `json:"regex"`
	Required bool         `json:"required"`
	Values   []fieldValue `json:"values"`
}

type fieldValue struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

func (r *record) clone() *record {
	next := *r
	next.Instructions = slices.Clone(r.Instructions)
	next.Hook = 0
	return &next
}

// instant reports whether any part of the payment is an instant transfer.
func (r *record) instant() bool {
	return slices.ContainsFunc(r.Instructions, func(i instruction) bool { return i.Kind == "instant" })
}

func (r *record) total() int64 {
	var sum int64
	for _, i := range r.Instructions {
		sum += i.Cents
	}
	return sum
}

// schedule plans the next step.
func (r *record) schedule(next step, due time.Time) {
	r.Next, r.Due = next, due
}

func (r *record) instructionsAre(state string) {
	for i := range r.Instructions {
		r.Instructions[i].State = state
	}
}
