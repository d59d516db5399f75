package link

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/errs"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
)

// Provider hosts payment links in one mode.
type Provider interface {
	CreateLink(ctx context.Context, r powens.LinkRequest) (powens.Link, error)
	FindLinks(ctx context.Context, referenceID string) ([]powens.Link, error)
	GetLink(ctx context.Context, id string) (powens.Link, error)
	RevokeLink(ctx context.Context, id string) error
	GetPayment(ctx context.Context, paymentID string) (powens.Payment, error)
}

// Engine follows the payment that a hosted link brought. engine.Engine does.
type Engine interface {
	Observe(ctx context.Context, reference string, seen powens.Payment, url, cause string) (payment.Payment, error)
	// RequestOf is what the provider is told of the parties and the label of a payment.
	RequestOf(p payment.Payment) powens.CreateRequest
	NewDueAt() time.Time
}

// step is how a hosted link stands at the provider.
type step string

// The steps, as the table explains them.
const (
	creating step = "creating"
	open     step = "open"
	revoking step = "revoking"
	ended    step = "ended"
)

// Details of a hosted link.
const (
	detailCreating = "creating"
	detailRevoking = "revoking"
	detailRefused  = "refused_by_provider"
)

const (
	// hostedLease is longer than the calls of one step.
	hostedLease = time.Minute
	// lookupPause and lookupsWanted: a create with an unknown outcome is sent again after so many look-ups that did not find the link, and
	// not before lookupWindow. A second link would be revoked, and nobody has its address.
	lookupPause, lookupsWanted, lookupWindow = time.Second, 3, time.Minute
	// A link without news is read again after quietFirst; the pause doubles up to quietMost.
	quietFirst, quietMost = 15 * time.Second, 15 * time.Minute
	// answerWithin is how long a caller waits for the address of a new link.
	answerWithin = 8 * time.Second
)

// payee is the merchant as it was when the link was made.
type payee struct {
	payment.Party
	MerchantName      string
	WaitForSettlement bool
}

// hosted is a row of payment_link_hosted.
type hosted struct {
	LinkID, Reference    string
	Step                 step
	Payee                payee
	Payer                payment.Party
	ProviderID, URL      string
	RequestedAt          *time.Time
	Creates, Lookups     int
	RevokeKnown          bool
	LastPayment, Attempt string
	Quiet                int
	DueAt                *time.Time
}

// hoster drives hosted links.
type hoster struct {
	*Links
	loop *due.Loop[string]
}

func newHoster(l *Links) *hoster {
	h := &hoster{Links: l}
	h.loop = due.New(due.Config[string]{
		What: "hosted payment links", Every: time.Second, AtOnce: 16, Within: hostedLease * 9 / 10, Grace: 10 * time.Second,
		Claim: l.claimHosted, Do: h.drive, Watch: due.Watch{DB: l.Pool, First: firstHosted, Now: l.clock}, Log: l.Log,
	})
	return h
}

func (l *Links) provider(livemode bool) (Provider, error) {
	p := l.Test
	if livemode {
		p = l.Live
	}
	if p == nil {
		return nil, errs.NotConfigured(livemode, "Payment links")
	}
	return p, nil
}

// drive does the next step of a link and sets when it is due again. What fails is repeated when its lease ends, or sooner.
func (h *hoster) drive(ctx context.Context, id string) {
	if err := h.advance(ctx, id); err != nil && ctx.Err() == nil {
		h.Log.WarnContext(ctx, "hosted payment link not moved on, trying again", "link", id, "error", err)
	}
}

func (h *hoster) advance(ctx context.Context, id string) error {
	x, w, err := h.readHosted(ctx, id)
	if err != nil {
		return err
	}
	provider, err := h.provider(x.Livemode)
	if err != nil {
		return h.postpone(ctx, w, err)
	}
	switch w.Step {
	case creating:
		return h.create(ctx, provider, x, w)
	case open, revoking:
		return h.follow(ctx, provider, x, w)
	default:
		return nil
	}
}

// create makes the link at the provider, or finds the one that an earlier request has made.
func (h *hoster) create(ctx context.Context, provider Provider, x Link, w hosted) error {
	if w.RequestedAt != nil {
		found, err := provider.FindLinks(ctx, w.Reference)
		switch {
		case err != nil:
			return h.postpone(ctx, w, err)
		case len(found) > 0:
			return h.adopt(ctx, provider, x, w, found)
		case w.Lookups+1 < lookupsWanted || h.clock().Sub(*w.RequestedAt) < lookupWindow:
			return h.changeHosted(ctx, w.LinkID, func(w *hosted) { w.Lookups++; w.dueIn(h.clock(), lookupPause<<min(w.Lookups, 4)) })
		}
		h.Log.WarnContext(ctx, "payment link is not at the provider, requesting it again", "link", x.ID, "lookups", w.Lookups)
	}
	if x.Status != Active || x.lapsed(h.clock()) { // it was never requested, or is not there: nobody has its address
		return h.finish(ctx, x.ID)
	}
	if err := h.changeHosted(ctx, w.LinkID, func(w *hosted) {
		now := h.clock()
		w.RequestedAt, w.Creates, w.Lookups = &now, w.Creates+1, 0
		w.dueIn(now, hostedLease)
	}); err != nil {
		return err
	}
	made, err := provider.CreateLink(ctx, h.request(x, w))
	switch {
	case err == nil:
		return h.adopt(ctx, provider, x, w, []powens.Link{made})
	case powens.IsRefused(err):
		return h.refuse(ctx, x.ID, err)
	case powens.IsAmbiguous(err):
		h.Log.WarnContext(ctx, "creation of a payment link has an unknown outcome, looking it up", "link", x.ID, "error", err)
		return h.changeHosted(ctx, w.LinkID, func(w *hosted) { w.dueIn(h.clock(), lookupPause) })
	default: // it was certainly not sent
		return h.changeHosted(ctx, w.LinkID, func(w *hosted) {
			w.RequestedAt, w.Creates = nil, w.Creates-1
			w.quiet(h.clock(), time.Second)
		})
	}
}

// request is the link at the provider: a transfer with our label and identities, as for a payment of the same reference.
func (h *hoster) request(x Link, w hosted) powens.LinkRequest {
	r := h.Engine.RequestOf(h.paymentOf(x, w))
	out := powens.LinkRequest{
		ReferenceID: w.Reference, Amount: x.Amount, Currency: x.Currency, Label: r.Label, ExecutionType: powens.Instant,
		Beneficiary: r.Beneficiary, BeneficiaryIdentity: r.BeneficiaryIdentity,
	}
	if r.PayerIdentity != nil {
		out.PayerIdentity = *r.PayerIdentity
	}
	if x.SuccessURL != "" {
		out.RedirectURI, out.RedirectState = x.SuccessURL, w.Reference
	}
	return out
}

// paymentOf is the ordinary payment that the link brings.
func (h *hoster) paymentOf(x Link, w hosted) payment.Payment {
	return payment.Payment{
		Reference: w.Reference, Kind: payment.KindPayment, MerchantID: x.MerchantID, Livemode: x.Livemode, Amount: x.Amount, Currency: x.Currency,
		Description: x.Description, MerchantReference: x.Reference, SuccessURL: x.SuccessURL, Metadata: x.Metadata, ExecutionType: powens.Instant,
		MerchantName: w.Payee.MerchantName, WaitForSettlement: w.Payee.WaitForSettlement, Beneficiary: w.Payee.Party, Payer: w.Payer,
		PaymentLinkID: x.ID, SubscriptionID: x.SubscriptionID,
	}
}

// adopt takes the first of the links with our reference, and revokes the others, whose address nobody has.
func (h *hoster) adopt(ctx context.Context, provider Provider, x Link, w hosted, found []powens.Link) error {
	for _, extra := range found[1:] {
		h.Log.ErrorContext(ctx, "a second link is at the provider, revoking it", "link", x.ID, "kept", found[0].ID, "extra", extra.ID)
		if err := provider.RevokeLink(ctx, extra.ID); err != nil {
			return h.postpone(ctx, w, err)
		}
	}
	return h.inTx(ctx, func(tx pgx.Tx) error {
		x, w, err := h.lockHosted(ctx, tx, x.ID)
		if err != nil || w.Step != creating {
			return err
		}
		w.ProviderID, w.URL, w.RequestedAt, w.Quiet = found[0].ID, found[0].URL, nil, 0
		if w.Step = open; x.Status != Active {
			w.Step = revoking
		}
		w.dueIn(h.clock(), quietFirst)
		if end := x.ExpiresAt; end != nil && end.Before(*w.DueAt) {
			w.DueAt = end
		}
		if w.Step == revoking {
			w.dueIn(h.clock(), 0)
		}
		if err := h.writeHosted(ctx, tx, w); err != nil {
			return err
		}
		if x.Detail == detailCreating {
			x.Detail = ""
		}
		_, err = h.apply(ctx, tx, x, Change{To: x.Status, What: "opened"})
		return err
	})
}

// refuse ends a link that the provider does not make.
func (h *hoster) refuse(ctx context.Context, id string, cause error) error {
	h.Log.WarnContext(ctx, "provider refused a payment link", "link", id, "error", cause)
	return h.inTx(ctx, func(tx pgx.Tx) error {
		x, w, err := h.lockHosted(ctx, tx, id)
		if err != nil || w.Step != creating {
			return err
		}
		w.end()
		if err := h.writeHosted(ctx, tx, w); err != nil {
			return err
		}
		if x.Detail = detailRefused; x.Status != Active {
			_, err = h.apply(ctx, tx, x, Change{To: x.Status, What: "refused"})
			return err
		}
		_, err = h.apply(ctx, tx, x, Change{To: Revoked, What: "refused", Event: "payment_link.revoked"})
		return err
	})
}

// finish ends what is followed at the provider.
func (h *hoster) finish(ctx context.Context, id string) error {
	return h.inTx(ctx, func(tx pgx.Tx) error {
		x, w, err := h.lockHosted(ctx, tx, id)
		if err != nil {
			return err
		}
		w.end()
		if err := h.writeHosted(ctx, tx, w); err != nil {
			return err
		}
		switch {
		case x.Status == Active && x.lapsed(h.clock()):
			x.Detail = ""
			_, err = h.apply(ctx, tx, x, Change{To: Expired, What: "expired", Event: "payment_link.expired"})
		case x.Detail != "" && x.Detail != detailRefused:
			x.Detail = ""
			_, err = h.apply(ctx, tx, x, Change{To: x.Status, What: "closed"})
		}
		return err
	})
}

// follow reads the link and its last attempt, and revokes it when it shall take no payment any more.
func (h *hoster) follow(ctx context.Context, provider Provider, x Link, w hosted) error {
	seen, gone, err := h.look(ctx, provider, w)
	if err != nil {
		return h.postpone(ctx, w, err)
	}
	attempt := seen.AttemptState
	if seen.LastPaymentID != "" && (attempt == powens.Done || attempt == powens.Accepted) {
		return h.bring(ctx, provider, x, w, seen.LastPaymentID)
	}
	underWay := seen.LastPaymentID != "" && !attempt.Final()
	if w.Step == open && (x.Status != Active || x.lapsed(h.clock()) || gone || takesNoMore(seen, h.clock())) {
		if err := h.close(ctx, x.ID); err != nil {
			return err
		}
		w.Step = revoking
	}
	if w.Step == revoking && !w.RevokeKnown {
		if err := provider.RevokeLink(ctx, w.ProviderID); err != nil {
			return h.postpone(ctx, w, err)
		}
		w.RevokeKnown = true
	}
	if w.Step == revoking && (gone || !underWay) {
		return h.finish(ctx, x.ID)
	}
	return h.changeHosted(ctx, w.LinkID, func(now *hosted) {
		if now.LastPayment != seen.LastPaymentID || now.Attempt != string(attempt) {
			now.Quiet = 0
		}
		now.LastPayment, now.Attempt, now.RevokeKnown = seen.LastPaymentID, string(attempt), now.RevokeKnown || w.RevokeKnown
		now.quiet(h.clock(), quietFirst)
		if end := x.ExpiresAt; now.Step == open && end != nil && end.Before(*now.DueAt) {
			now.DueAt = end
		}
	})
}

// look reads a link. gone: the provider neither knows it nor lists it; one of these alone is not believed.
func (h *hoster) look(ctx context.Context, provider Provider, w hosted) (seen powens.Link, gone bool, err error) {
	seen, err = provider.GetLink(ctx, w.ProviderID)
	if !powens.IsMissing(err) {
		return seen, false, err
	}
	listed, err := provider.FindLinks(ctx, w.Reference)
	for _, l := range listed {
		if l.ID == w.ProviderID {
			return l, false, nil
		}
	}
	return powens.Link{}, err == nil, err
}

// takesNoMore reports whether the provider says that a link takes no payment any more: it may be revoked there without us.
func takesNoMore(l powens.Link, now time.Time) bool {
	return !l.RevokedAt.IsZero() && !now.Before(l.RevokedAt)
}

// close ends an active link whose time is over, or that has ended at the provider.
func (h *hoster) close(ctx context.Context, id string) error {
	return h.inTx(ctx, func(tx pgx.Tx) error {
		x, w, err := h.lockHosted(ctx, tx, id)
		if err != nil || w.Step != open {
			return err
		}
		w.Step = revoking
		if err := h.writeHosted(ctx, tx, w); err != nil || x.Status != Active {
			return err
		}
		x.Detail = detailRevoking
		c := Change{To: Revoked, What: "revoked", Event: "payment_link.revoked"}
		if x.lapsed(h.clock()) {
			c = Change{To: Expired, What: "expired", Event: "payment_link.expired"}
		}
		_, err = h.apply(ctx, tx, x, c)
		return err
	})
}

// bring records the payment of a link once. From then on the payment's own due time follows it, and its events settle the link.
func (h *hoster) bring(ctx context.Context, provider Provider, x Link, w hosted, id string) error {
	seen, err := provider.GetPayment(ctx, id)
	if err != nil {
		return h.postpone(ctx, w, err)
	}
	err = h.inTx(ctx, func(tx pgx.Tx) error {
		x, w, err := h.lockHosted(ctx, tx, x.ID)
		if err != nil || w.Step == ended {
			return err
		}
		p := h.paymentOf(x, w)
		due, now := h.Engine.NewDueAt(), h.clock()
		p.ProviderID, p.DueAt, p.ExpiresAt = id, &due, now.Add(24*time.Hour)
		if p, err = h.Store.AdoptIn(ctx, tx, p); err != nil {
			return err
		}
		if err := h.takePlace(ctx, tx, x, p); err != nil {
			return err
		}
		w.LastPayment, w.Attempt = id, string(seen.State)
		w.end()
		if err := h.writeHosted(ctx, tx, w); err != nil || x.Detail == "" {
			return err
		}
		x.Detail, x.UsesOpen = "", x.UsesOpen+1
		_, err = h.apply(ctx, tx, x, Change{To: x.Status, What: "closed"})
		return err
	})
	if err != nil {
		return err
	}
	if _, err := h.Engine.Observe(ctx, w.Reference, seen, "", payment.CauseProvider); err != nil {
		return fmt.Errorf("apply the payment of link %s: %w", x.ID, err) // it is due anyway
	}
	return nil
}

// postpone makes a link due again after a failure, less and less often.
func (h *hoster) postpone(ctx context.Context, w hosted, cause error) error {
	h.Log.WarnContext(ctx, "provider of payment links does not answer, trying again", "link", w.LinkID, "error", cause)
	return h.changeHosted(ctx, w.LinkID, func(w *hosted) { w.quiet(h.clock(), time.Second) })
}

// dueIn makes the row due after a while.
func (w *hosted) dueIn(now time.Time, after time.Duration) {
	at := now.Add(after)
	w.DueAt = &at
}

// quiet makes the row due after a pause that doubles from first, with a jitter of ±20 %.
func (w *hosted) quiet(now time.Time, first time.Duration) {
	pause := quietMost
	if w.Quiet < 20 {
		pause = min(first<<w.Quiet, quietMost)
	}
	w.Quiet++
	w.dueIn(now, pause-pause/5+rand.N(2*pause/5)) //nolint:gosec // the spread needs no secrecy
}

// end ends a row: nothing is due, and nobody is named any more.
func (w *hosted) end() { w.Step, w.DueAt, w.Payer = ended, nil, payment.Party{} }

// Hosting is what a hosted link needs beside its Spec.
type Hosting struct {
	// Reference is that of the payment which the link brings.
	Reference string
	Merchant  *paymentsv1.Merchant
	// Payer is who will pay, as far as the merchant says.
	Payer payment.Identity
}
