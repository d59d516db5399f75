package rebuild

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/money"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/merchant"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// past is what the stream tells of one payment.
type past struct {
	newest *paymentsv1.Payment
	told   []store.Told
}

func compare(a, b string) int { return cmp.Compare(a, b) }

// sort returns the payments before their refunds, each with its events by sequence, and the events of merchants.
func sort(facts []Fact) (pasts []*past, merchants []Fact, err error) {
	of := make(map[string]*past)
	for _, f := range facts {
		if strings.HasPrefix(f.Type, "merchant.") {
			merchants = append(merchants, f)
			continue
		}
		e := &eventsv1.PaymentChanged{}
		if err := proto.Unmarshal(f.Data, e); err != nil || e.GetPayment().GetReference() == "" {
			return nil, nil, fmt.Errorf("event %s cannot be read: %w", f.ID, errors.Join(err, errNoPayment))
		}
		p := of[e.GetPayment().GetReference()]
		if p == nil {
			p = &past{}
			of[e.GetPayment().GetReference()] = p
			pasts = append(pasts, p)
		}
		p.add(f, e)
	}
	for _, p := range pasts {
		slices.SortFunc(p.told, func(a, b store.Told) int { return cmp.Compare(a.Sequence, b.Sequence) })
	}
	slices.SortStableFunc(pasts, func(a, b *past) int { return cmp.Compare(a.newest.GetKind(), b.newest.GetKind()) }) // "payment" < "refund"
	return pasts, merchants, nil
}

var errNoPayment = errors.New("it names no payment")

func (p *past) add(f Fact, e *eventsv1.PaymentChanged) {
	n := e.GetPayment()
	for _, t := range p.told {
		if t.Event.ID == f.ID {
			return // published twice
		}
	}
	p.told = append(p.told, store.Told{
		Event: f.Event, Stream: f.Stream, Sequence: n.GetSequence(), From: payment.Status(e.GetPreviousStatus()), At: e.GetOccurredAt().AsTime(),
		Change: payment.Change{To: payment.Status(n.GetStatus()), Detail: n.GetStatusDetail(), Failure: n.GetFailureCode(), Cause: store.CauseRebuilt},
	})
	if p.newest == nil || p.newest.GetSequence() < n.GetSequence() {
		p.newest = n
	}
}

// complete fills in what no event changes, from the newest one and from the merchant. reason says why that is not possible.
func (d Deps) complete(ctx context.Context, p *payment.Payment, past *past, apply bool) (reason string, err error) {
	n := past.newest
	*p = payment.Payment{
		Reference: n.GetReference(), Kind: payment.Kind(n.GetKind()), OriginalReference: n.GetOriginalReference(), MerchantID: n.GetMerchantId(),
		Livemode: n.GetLivemode(), Amount: money.Cents(n.GetAmountCents()), Currency: n.GetCurrency(), Description: n.GetDescription(),
		MerchantReference: n.GetMerchantReference(), SuccessURL: n.GetSuccessUrl(), CancelURL: n.GetCancelUrl(), Metadata: string(n.GetMetadataJson()),
		ExecutionType: n.GetExecutionType(), ExecutionDate: n.GetExecutionDate(), MerchantName: n.GetMerchantName(), Origin: payment.Origin(n.GetOrigin()),
		OrderID: n.GetOrderId(), PaymentLinkID: n.GetPaymentLinkId(), SubscriptionID: n.GetSubscriptionId(), GatewayReference: n.GetGatewayReference(),
		CreatedAt: n.GetCreatedAt().AsTime(), ExpiresAt: n.GetCreatedAt().AsTime().Add(d.SessionTTL), OwnSession: payment.SessionOpen, Creates: 1,
	}
	if p.Kind == payment.KindSupplier {
		return "no event has the account of the supplier: if the payment is open, let it end at the bank and pay the invoice again", nil
	}
	m, err := merchant.New(d.Pool, d.Now).Get(ctx, p.MerchantID, 0)
	if errors.Is(err, merchant.ErrNotSynced) {
		if apply {
			return "its merchant is not known: rebuild from an earlier time, at which the merchant was created", nil
		}
		return "", nil // --apply learns the merchants first
	}
	if err != nil {
		return "", err
	}
	p.WaitForSettlement, p.Beneficiary = m.Profile.GetWaitForSettlement(), payment.Beneficiary(m.Profile)
	if p.Kind != payment.KindRefund {
		return "", nil
	}
	original, err := d.Store.ByReference(ctx, p.OriginalReference)
	if errors.Is(err, store.ErrNotFound) {
		if apply {
			return "the payment that it gives back is not known", nil
		}
		return "", nil // --apply records it first
	}
	p.Payer, p.Beneficiary = p.Beneficiary, payment.PaidBy(original)
	return "", err
}

// tell applies what the newest event says.
func (p *past) tell(to *payment.Payment) {
	n := p.newest
	to.Status, to.Detail, to.Failure, to.Sequence = payment.Status(n.GetStatus()), n.GetStatusDetail(), n.GetFailureCode(), n.GetSequence()
	to.PaymentURL, to.CancelRequested, to.CustomerID, to.ApprovalURL = n.GetPaymentUrl(), n.GetCancelRequested(), n.GetCustomerId(), n.GetAuthorisationUrl()
	to.AmountRefunded = money.Cents(n.GetAmountRefundedCents())
	to.AmountReserved = max(to.AmountReserved, to.AmountRefunded)
	to.UpdatedAt, to.CompletedAt, to.StalledAt = n.GetUpdatedAt().AsTime(), moment(n.GetCompletedAt()), moment(n.GetStalledAt())
	to.BankID, to.Settlement = n.GetBankId(), payment.Settlement(n.GetSettlement())
	to.SettledAt, to.UnsettledAt, to.SettleBy = moment(n.GetSettledAt()), moment(n.GetUnsettledAt()), moment(n.GetSettlementDeadline())
	if late := n.GetLateReceipt(); late != nil {
		to.Late = payment.LateReceipt{Amount: money.Cents(late.GetAmountCents()), At: moment(late.GetReceivedAt()), BookedAt: moment(late.GetBookedAt())}
	}
	held := to.PaidBy != "" || to.Received.By != ""
	switch {
	case held && (to.Status == payment.Completed || to.Status == payment.Refunded):
		to.OwnSession = payment.SessionClosed // or the holder could not have paid
	case held && to.Status.Final():
		to.ReleaseHold()
	}
}

// askProvider finds the payment at the provider by its reference. reason says why it cannot be told which one it is.
func (d Deps) askProvider(ctx context.Context, p *payment.Payment) (reason string, err error) {
	provider := d.Test
	if p.Livemode {
		provider = d.Live
	}
	if p.ProviderID != "" {
		return "", nil
	}
	if provider == nil {
		return "no provider is configured for its mode", nil
	}
	found, err := provider.FindByReference(ctx, p.Reference)
	if err != nil {
		return "", err
	}
	if len(found) > 1 { // those that ended unpaid were repeated
		found = slices.DeleteFunc(found, func(f powens.Payment) bool { return f.State == powens.Rejected || f.State == powens.Expired })
	}
	switch {
	case len(found) == 1:
		adopt(p, found[0])
		return "", nil
	case len(found) > 1:
		return "the provider has several payments with this reference", nil
	case p.Status == payment.PendingSCA:
		return "the provider does not know it, although its payer was sent there", nil
	default:
		if p.RequestedAt = nil; p.Status == payment.Pending {
			p.RequestedAt = &p.CreatedAt // it is looked up before it is asked for
		}
		return "", nil
	}
}

func adopt(p *payment.Payment, f powens.Payment) {
	p.ProviderID, p.ProviderState, p.RequestedAt = f.ID, string(f.State), nil
	if p.PaymentURL == "" && !p.Status.Final() {
		p.PaymentURL = f.ValidateURI
	}
	if p.Kind == payment.KindPayment && p.Payer.IBAN == "" && f.Payer != nil {
		p.Payer.Name, p.Payer.IBAN, p.Payer.BIC = f.Payer.Label, f.Payer.IBAN, f.Payer.BIC
	}
}

func moment(t *timestamppb.Timestamp) *time.Time {
	if t == nil {
		return nil
	}
	at := t.AsTime()
	return &at
}
