package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// paymentView is what operators see of a payment: nothing that a payer or a bank said.
type paymentView struct {
	Reference     string     `json:"reference"`
	Kind          string     `json:"kind"`
	Merchant      string     `json:"merchant_id"`
	Livemode      bool       `json:"livemode"`
	AmountCents   int64      `json:"amount_cents"`
	Status        string     `json:"status"`
	Detail        string     `json:"status_detail,omitempty"`
	ProviderState string     `json:"provider_state,omitempty"`
	CreatedAt     *time.Time `json:"created_at"`
	UpdatedAt     *time.Time `json:"updated_at"`
	StalledAt     *time.Time `json:"stalled_at,omitempty"`
	DueAt         *time.Time `json:"due_at,omitempty"`
}

// wholeView is one payment with what it belongs to.
type wholeView struct {
	paymentView
	ProviderID    string     `json:"provider_payment_id,omitempty"`
	Failure       string     `json:"failure_code,omitempty"`
	Bank          string     `json:"bank_id,omitempty"`
	Original      string     `json:"original_reference,omitempty"`
	Link          string     `json:"payment_link_id,omitempty"`
	Subscription  string     `json:"subscription_id,omitempty"`
	RefundedCents int64      `json:"refunded_cents,omitempty"`
	RequestedAt   *time.Time `json:"requested_at,omitempty"`
	CompletedAt   *time.Time `json:"completed_at,omitempty"`
	SettledAt     *time.Time `json:"settled_at,omitempty"`
	UnsettledAt   *time.Time `json:"unsettled_at,omitempty"`
}

func paymentViewOf(p *paymentsv1.StalledPayment) paymentView {
	return paymentView{
		Reference: p.GetReference(), Kind: p.GetKind(), Merchant: p.GetMerchantId(), Livemode: p.GetLivemode(), AmountCents: p.GetAmountCents(), Status: p.GetStatus(),
		Detail: p.GetDetail(), ProviderState: p.GetProviderState(), CreatedAt: timeOf(p.GetCreatedAt()), UpdatedAt: timeOf(p.GetUpdatedAt()),
		StalledAt: timeOf(p.GetStalledAt()), DueAt: timeOf(p.GetDueAt()),
	}
}

// timeOf returns nil for no time.
func timeOf(t *timestamppb.Timestamp) *time.Time {
	if t == nil {
		return nil
	}
	at := t.AsTime()
	return &at
}

func clockOf(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return clock(*t)
}

// askPayments calls the payments service as the operator.
func (t *tool) askPayments(call func(context.Context, paymentsv1.OperatorServiceClient) error) error {
	conn, done, err := t.service(identity.Payments, paymentsAddr, usualPayments)
	if err != nil {
		return err
	}
	defer done()
	ctx, cancel := t.within()
	defer cancel()
	if err := call(ctx, paymentsv1.NewOperatorServiceClient(conn)); err != nil {
		return answered(err, identity.Payments, paymentsAddr)
	}
	return nil
}

type paymentShowCommand struct {
	Reference string `arg:"" help:"The payment, refund or mandate."`
}

// Run shows a payment as it is now.
func (c *paymentShowCommand) Run(t *tool) error {
	var r *paymentsv1.ShowPaymentResponse
	err := t.askPayments(func(ctx context.Context, api paymentsv1.OperatorServiceClient) (err error) {
		r, err = api.ShowPayment(ctx, &paymentsv1.ShowPaymentRequest{Reference: c.Reference})
		return err
	})
	if err != nil {
		return err
	}
	v := wholeView{
		paymentView: paymentViewOf(r.GetPayment()), ProviderID: r.GetProviderPaymentId(), Failure: r.GetFailureCode(), Bank: r.GetBankId(),
		Original: r.GetOriginalReference(), Link: r.GetPaymentLinkId(), Subscription: r.GetSubscriptionId(), RefundedCents: r.GetRefundedCents(),
		RequestedAt: timeOf(r.GetRequestedAt()), CompletedAt: timeOf(r.GetCompletedAt()), SettledAt: timeOf(r.GetSettledAt()), UnsettledAt: timeOf(r.GetUnsettledAt()),
	}
	if t.json() {
		return t.object(v)
	}
	w := t.table("FIELD", "VALUE")
	for _, f := range [][2]string{
		{"reference", v.Reference},
		{"kind", v.Kind},
		{"merchant", v.Merchant},
		{"mode", modeOf(v.Livemode)},
		{"amount", euros(v.AmountCents)},
		{"status", strings.TrimSpace(v.Status + " " + v.Detail)},
		{"failure", v.Failure},
		{"refunded", euros(v.RefundedCents)},
		{"refund of", v.Original},
		{"payment link", v.Link},
		{"subscription", v.Subscription},
		{"bank", v.Bank},
		{"at the provider", v.ProviderID},
		{"provider state", v.ProviderState},
		{"created", clockOf(v.CreatedAt)},
		{"changed", clockOf(v.UpdatedAt)},
		{"asked for", clockOf(v.RequestedAt)},
		{"completed", clockOf(v.CompletedAt)},
		{"settled", clockOf(v.SettledAt)},
		{"missed", clockOf(v.UnsettledAt)},
		{"no news since", clockOf(v.StalledAt)},
		{"next look", clockOf(v.DueAt)},
	} {
		row(w, f[0], orDash(line(f[1])))
	}
	return w.Flush()
}

func euros(cents int64) string { return money.Cents(cents).String() + " EUR" }

func modeOf(livemode bool) string {
	if livemode {
		return "live"
	}
	return "test"
}

// stuckFlags say which payments are stuck.
type stuckFlags struct {
	Overdue time.Duration `default:"5m" help:"How long a payment may have been due."`
	Limit   int32         `default:"100" placeholder:"N" help:"How many at most, up to 1000."`
}

func (f stuckFlags) find(t *tool) (list []*paymentsv1.StalledPayment, err error) {
	err = t.askPayments(func(ctx context.Context, api paymentsv1.OperatorServiceClient) error {
		r, err := api.ListStuck(ctx, &paymentsv1.ListStuckRequest{OverdueSeconds: int64(f.Overdue / time.Second), Limit: f.Limit})
		list = r.GetPayments()
		return err
	})
	return list, err
}

type paymentStuckCommand struct{ stuckFlags }

// Help is shown under the summary.
func (*paymentStuckCommand) Help() string {
	return "Payments, refunds and mandates that are not final and were due for longer than --overdue, or whose bank has had no news for longer than expected. " +
		"The first should never happen while the service runs; the second are banks that take their time. It ends with 1 if there is one."
}

// Run lists what is stuck.
func (c *paymentStuckCommand) Run(t *tool) error {
	list, err := c.find(t)
	if err != nil {
		return err
	}
	w := t.list("REFERENCE", "KIND", "MODE", "AMOUNT", "STATUS", "PROVIDER STATE", "CREATED", "NO NEWS SINCE", "NEXT LOOK")
	for _, p := range list {
		v := paymentViewOf(p)
		if t.json() {
			if err := t.object(v); err != nil {
				return err
			}
			continue
		}
		row(w, line(v.Reference), line(v.Kind), modeOf(v.Livemode), euros(v.AmountCents), line(v.Status), orDash(line(v.ProviderState)),
			clockOf(v.CreatedAt), clockOf(v.StalledAt), clockOf(v.DueAt))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(list) > 0 {
		return fmt.Errorf("%d are stuck: eupayctl payments history REFERENCE shows what happened, eupayctl payments reconcile asks the provider now", len(list))
	}
	return nil
}

type paymentReconcileCommand struct {
	References []string `arg:"" optional:"" name:"reference" help:"The payments, refunds or mandates."`
	Stuck      bool     `help:"All that eupayctl payments stuck lists."`
	stuckFlags
	Do bool `name:"run" help:"Do it. Without this it only tells what would be asked about."`
}

// Help is shown under the summary.
func (*paymentReconcileCommand) Help() string {
	return "Makes payments due, so that the service reads them from the provider at once and records what it says. Final payments are left, and so are those that " +
		"are being opened: a request may be on its way, and the service looks them up by itself. It can be repeated."
}

// Validate refuses calls that name nothing, or both.
func (c *paymentReconcileCommand) Validate() error {
	if c.Stuck == (len(c.References) > 0) {
		return fmt.Errorf("name the payments, or give --stuck")
	}
	return nil
}

// Run asks for the payments to be read again.
func (c *paymentReconcileCommand) Run(t *tool) error {
	wanted := c.References
	if c.Stuck {
		list, err := c.find(t)
		if err != nil {
			return err
		}
		for _, p := range list {
			wanted = append(wanted, p.GetReference())
		}
	}
	if len(wanted) == 0 {
		t.say("Nothing is stuck.")
		return nil
	}
	if !c.Do {
		t.say("The provider would be asked about %s. Nothing was changed. To do it, add --run.", strings.Join(wanted, ", "))
		return nil
	}
	var asked []string
	err := t.askPayments(func(ctx context.Context, api paymentsv1.OperatorServiceClient) error {
		r, err := api.Reconcile(ctx, &paymentsv1.ReconcileRequest{References: wanted})
		asked = r.GetReferences()
		return err
	})
	if err != nil {
		return err
	}
	for _, reference := range wanted {
		if !slices.Contains(asked, reference) {
			t.say("%s is left: it is final, unknown, or being opened.", line(reference))
		}
	}
	t.say("The provider is asked about %d payments now: eupayctl payments history REFERENCE shows what it says.", len(asked))
	return nil
}
