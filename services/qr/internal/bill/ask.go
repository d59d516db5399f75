package bill

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/claim"
	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/reference"
	"european-pay.eu/eupay/internal/run/trace"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/charge"
)

const (
	// sharesEvery is how soon a due share of another process is found.
	sharesEvery = time.Second
	// sharesAtOnce limits the shares that one process works on beside the requests of guests.
	sharesAtOnce = 16
	// keyLife is how long an Idempotency-Key refers to what it made.
	keyLife = 24 * time.Hour
)

// newLoop returns the loop that asks for the payments of shares whose payer did not get one at once, and ends shares whose time is over.
func (s *Server) newLoop() *due.Loop[*share] {
	return due.New(due.Config[*share]{
		What: "shares of bills", Every: sharesEvery, AtOnce: sharesAtOnce, Within: charge.Timeout + charge.RecordTimeout, Grace: charge.Timeout, Log: s.Log,
		Watch: due.Watch{DB: s.Pool, First: firstShare, Now: s.Now},
		Claim: func(ctx context.Context, limit int) ([]*share, error) {
			return claimShares(ctx, s.Pool, s.Now(), charge.Lease, limit)
		},
		Cause: func(sh *share) string { return sh.trace },
		Do: func(ctx context.Context, sh *share) {
			if err := s.work(ctx, sh); err != nil {
				s.Log.InfoContext(ctx, "share of a bill is not done, retrying", "share", sh.ID, "error", err)
			}
		},
	})
}

// work does what is due of an open share.
func (s *Server) work(ctx context.Context, sh *share) error {
	if !s.Now().Before(sh.ExpiresAt) {
		return s.giveUp(ctx, sh.ID, expired, "")
	}
	return s.ask(ctx, sh)
}

// CreateShare implements BillService.
func (s *Server) CreateShare(ctx context.Context, r *qrv1.CreateShareRequest) (*qrv1.CreateShareResponse, error) {
	wanted, err := decodeShare(r)
	if err != nil {
		return nil, err
	}
	replayed := false
	a, err := s.change(ctx, behind(ctx, r.GetToken(), r.GetMerchantId(), r.GetBillId()), func(tx pgx.Tx, a *account) error {
		var err error
		replayed, err = s.take(ctx, tx, a, wanted, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	sh := a.share(wanted.ID)
	if sh.Status == open && sh.PaymentURL == "" {
		if err := s.askAtOnce(ctx, sh, r.GetIdempotencyKey() != ""); err != nil {
			return nil, err
		}
	}
	return &qrv1.CreateShareResponse{Share: sh.view(), Bill: s.view(a), Replayed: replayed}, nil
}

// behind finds a bill by its link, or a merchant's by its id, and locks it.
func behind(ctx context.Context, token, merchantID, id string) func(pgx.Tx) (*account, error) {
	if token == "" {
		return own(ctx, merchantID, id)
	}
	return func(tx pgx.Tx) (*account, error) {
		if !isToken(token) {
			return nil, errs.NotFound(billNoun)
		}
		return lockPublic(ctx, tx, token)
	}
}

// take sets the part aside, or finds the share that the request made before, whose id wanted gets.
func (s *Server) take(ctx context.Context, tx pgx.Tx, a *account, wanted *share, r *qrv1.CreateShareRequest) (replayed bool, err error) {
	now := s.Now()
	wanted.ID = uuid.NewString() // fully random: its knowledge is enough to cancel the share
	key := keyOf(a, "share", r.GetIdempotencyKey())
	switch known, err := s.replay(ctx, tx, key, wanted.ID, shareRequest(r)); {
	case err != nil:
		return false, err
	case known != "" && a.share(known) != nil:
		wanted.ID = known
		return true, nil
	case known != "": // that one came to nothing
		if err := claim.Point(ctx, tx, *key, wanted.ID); err != nil {
			return false, err
		}
	}
	if !r.GetPayable() {
		return false, errs.New(errs.MerchantNotEnabled, "This merchant takes no payments here. Pay at the counter.")
	}
	if err := a.measure(wanted); err != nil {
		return false, err
	}
	if err := checkExpected(r, wanted.Amount); err != nil {
		return false, err
	}
	n, err := countShares(ctx, tx, a.ID)
	if err != nil {
		return false, err
	}
	if n >= maxShares {
		return false, errs.New(errs.InvalidState, "Too many payments of this bill were begun. Pay the rest at the counter.")
	}
	wanted.BillID, wanted.Merchant, wanted.Livemode, wanted.Status = a.ID, a.Merchant, a.Livemode, open
	wanted.Description, wanted.Page = a.TableName+" · bill", s.page(a)
	wanted.Reference, wanted.MerchantVersion = cmp.Or(r.GetPaymentReference(), reference.Payment(now)), r.GetMerchantVersion()
	hold := time.Duration(cmp.Or(r.GetHoldMinutes(), usualHold)) * time.Minute
	wanted.CreatedAt, wanted.ExpiresAt, wanted.Attempts, wanted.trace = now, now.Add(hold), 1, trace.Parent(ctx)
	a.Shares = append(a.Shares, wanted)
	// The payer's request asks for the payment first. If it dies, the loop asks when the lease ends.
	if err := insertShare(ctx, tx, wanted, now.Add(charge.Lease)); err != nil {
		return false, err
	}
	return false, saveBill(ctx, tx, a, now)
}

func checkExpected(r *qrv1.CreateShareRequest, amount money.Cents) error {
	if r.ExpectedAmountCents == nil || money.Cents(r.GetExpectedAmountCents()) == amount {
		return nil
	}
	e := errs.New(errs.TotalChanged, "This part of the bill now costs %s %s. Show it, and send it as expected_amount.", amount, currency)
	e.Total = &amount
	return e
}

// shareRequest is what a request says that must be the same each time.
func shareRequest(r *qrv1.CreateShareRequest) proto.Message {
	return &qrv1.CreateShareRequest{
		Kind: r.GetKind(), People: r.GetPeople(), Parts: r.GetParts(), Items: r.GetItems(), AmountCents: r.GetAmountCents(), TipCents: r.GetTipCents(),
		HoldMinutes: r.GetHoldMinutes(),
	}
}

// keyOf is an Idempotency-Key of a bill; nil if there is none.
func keyOf(a *account, kind, key string) *claim.Key {
	if key == "" {
		return nil
	}
	return &claim.Key{MerchantID: a.Merchant, Livemode: a.Livemode, Kind: "bill_" + kind, Key: a.ID + ":" + key}
}

// replay takes a key for a new object of a bill. It returns the id of the object that the key refers to already; empty if it is new, or has no key.
func (s *Server) replay(ctx context.Context, tx pgx.Tx, k *claim.Key, id string, request proto.Message) (known string, err error) {
	if k == nil {
		return "", nil
	}
	text, err := proto.MarshalOptions{Deterministic: true}.Marshal(request)
	if err != nil {
		return "", errs.New(errs.ValidationError, "The request is not valid UTF-8.")
	}
	print := sha256.Sum256(text)
	holder, err := claim.Take(ctx, tx, *k, claim.Claim{Reference: id, Fingerprint: print[:], ExpiresAt: s.Now().Add(keyLife)}, s.Now())
	switch {
	case err != nil:
		return "", err
	case holder.Reference == id:
		return "", nil
	case !holder.Same(print[:]):
		return "", errs.New(errs.IdempotencyConflict, "This Idempotency-Key was used with another request. Send a new key for a new request.")
	}
	return holder.Reference, nil
}

// askAtOnce gets the payment of a share while its payer waits. One whose payment is not there in time stays for a payer who can find it again.
func (s *Server) askAtOnce(ctx context.Context, sh *share, found bool) error {
	err := s.ask(ctx, sh)
	if errs.Is(err, errs.Unavailable) && !found {
		record, cancel := context.WithTimeout(context.WithoutCancel(ctx), charge.RecordTimeout)
		defer cancel()
		return errors.Join(err, s.giveUp(record, sh.ID, failed, "payment_not_created"))
	}
	return err
}

// ask asks for the payment of an open share and records the answer. It may run twice at the same time: the payment is the same, by its reference.
// SERVICE_UNAVAILABLE means that it is asked again; any other error that the part is free again.
func (s *Server) ask(ctx context.Context, sh *share) error {
	misfit := errs.New(errs.InvalidState, "The payment of this part could not be made. Choose it again.")
	p, err := charge.Ask(ctx, s.Payments, sh.wantedPayment(), misfit)
	if err == nil && p.GetReference() != sh.Reference {
		err = misfit
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), charge.RecordTimeout)
	defer cancel()
	now := s.Now()
	again := now.Add(due.Backoff(time.Second, charge.MaxAskWait, sh.Attempts+1))
	if again.After(sh.ExpiresAt) {
		again = sh.ExpiresAt
	}
	if err != nil && (!errs.Is(err, errs.Unavailable) || now.Sub(sh.CreatedAt) >= charge.PayableFor) {
		s.Log.WarnContext(ctx, "share of a bill gets no payment", "share", sh.ID, "payment", sh.Reference, "error", err)
		return errors.Join(forPayer(err), s.giveUp(ctx, sh.ID, failed, "payment_not_created"))
	}
	if err != nil {
		return errors.Join(err, postponeShare(ctx, s.Pool, sh.ID, again))
	}
	if p.GetPaymentUrl() != "" {
		again = sh.ExpiresAt
	}
	if err := notePayment(ctx, s.Pool, sh.ID, p, again); err != nil {
		return err
	}
	latest, err := readShare(ctx, s.Pool, sh.ID)
	if err == nil {
		*sh = *latest
	}
	return err
}

// forPayer says of a share what the payments service says of an order.
func forPayer(err error) error {
	if errs.Is(err, errs.PaymentRefused) {
		return errs.New(errs.PaymentRefused, "The bank does not take this payment. Try again, or pay at the counter.")
	}
	return err
}

// wantedPayment follows from the share alone, so it is the same each time.
func (sh *share) wantedPayment() *paymentsv1.CreateOrderPayment {
	page := sh.Page + "?share=" + sh.ID + "&payment="
	return &paymentsv1.CreateOrderPayment{
		OrderId: sh.ID, Reference: sh.Reference, MerchantId: sh.Merchant, MerchantVersion: sh.MerchantVersion, Livemode: sh.Livemode,
		AmountCents: int64(sh.Amount + sh.Tip), Currency: currency, Description: sh.Description, SuccessUrl: page + "success", CancelUrl: page + "cancelled",
	}
}

// giveUp ends an open share, so that its part is free again.
func (s *Server) giveUp(ctx context.Context, id, status, why string) error {
	find := func(tx pgx.Tx) (*account, error) { return lockBillOfShare(ctx, tx, id) }
	_, err := s.change(ctx, find, func(tx pgx.Tx, a *account) error {
		sh := a.share(id)
		if sh == nil || sh.Status != open {
			return nil
		}
		if err := s.endShare(ctx, tx, sh, status, why); err != nil {
			return err
		}
		return saveBill(ctx, tx, a, s.Now())
	})
	return err
}

// endShare ends an open share of a locked bill, and has its payment cancelled.
func (s *Server) endShare(ctx context.Context, tx pgx.Tx, sh *share, status, why string) error {
	sh.Status, sh.Failure = status, why
	if err := setShare(ctx, tx, sh, s.Now()); err != nil {
		return err
	}
	return charge.AddTask(ctx, tx, charge.CancelTask, sh.ID, sh.Reference, &paymentsv1.CancelOrderPayment{
		OrderId: sh.ID, Reference: sh.Reference, MerchantId: sh.Merchant, Livemode: sh.Livemode,
	}, s.Now())
}

// share returns an open or paid share of the bill; nil if it has none of the id.
func (a *account) share(id string) *share {
	for _, s := range a.Shares {
		if s.ID == id {
			return s
		}
	}
	return nil
}

// CancelShare implements BillService.
func (s *Server) CancelShare(ctx context.Context, r *qrv1.CancelShareRequest) (*qrv1.CancelShareResponse, error) {
	var sh *share
	_, err := s.change(ctx, behind(ctx, r.GetToken(), r.GetMerchantId(), r.GetBillId()), func(tx pgx.Tx, a *account) error {
		if sh = a.share(r.GetShareId()); sh == nil {
			return errs.NotFound(shareNoun)
		}
		if sh.Status != open {
			return errs.New(errs.InvalidState, "This part is %s: it cannot be cancelled.", sh.Status)
		}
		if err := s.endShare(ctx, tx, sh, cancelled, ""); err != nil {
			return err
		}
		return saveBill(ctx, tx, a, s.Now())
	})
	if err != nil {
		return nil, err
	}
	return &qrv1.CancelShareResponse{Share: sh.view()}, nil
}
