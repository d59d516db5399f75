package reward

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/claim"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/run/events"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// The states of a redemption.
const (
	held     = "held"
	captured = "captured"
	released = "released"
	// expired is a kind of line, too.
)

const (
	// holdFor is how long points are held by default.
	holdFor    = 15 * time.Minute
	minHoldFor = 30 * time.Second
	maxHoldFor = 7 * 24 * time.Hour
	// keyLife is how long an Idempotency-Key refers to what it has done.
	keyLife  = 24 * time.Hour
	maxText  = 200
	maxCents = 1_000_000 * hundred
)

// redemption is points that are set aside or were spent.
type redemption struct {
	ID, MerchantID   string
	Livemode         bool
	MemberID         string
	Status           string
	Points           int64
	Amount           money.Cents
	Reference, Actor string
	ExpiresAt        time.Time
	CreatedAt        time.Time
	EndedAt          *time.Time
}

// hold is a redemption whose time has come.
type hold struct {
	MerchantID string
	Livemode   bool
	ID         string
}

// HoldPoints implements RewardsService.
func (s *Server) HoldPoints(ctx context.Context, r *qrv1.HoldPointsRequest) (*qrv1.HoldPointsResponse, error) {
	if err := checkHold(r); err != nil {
		return nil, err
	}
	if !isID(r.GetMemberId()) {
		return nil, notFound()
	}
	now, res := s.now(), &qrv1.HoldPointsResponse{}
	mine := claim.Claim{Reference: events.NewID(), ExpiresAt: now.Add(keyLife), Fingerprint: fingerprint(
		"hold", r.GetMemberId(), r.GetPoints(), r.GetAmountCents(), r.GetReference(), r.GetExpiresInSeconds())}
	key := claim.Key{MerchantID: r.GetMerchantId(), Livemode: r.GetLivemode(), Kind: "hold", Key: r.GetIdempotencyKey()}
	err := s.commit(ctx, func(tx pgx.Tx) error {
		var taken bool
		var value int64
		b := &pgx.Batch{}
		claim.Queue(b, key, mine, now, &taken)
		c, err := s.lockAfter(ctx, tx, b, byItsID, r.GetMemberId(), owner{r.GetMerchantId(), r.GetLivemode(), r.GetMemberId()}, func(b *pgx.Batch) {
			queueValue(b, r.GetMerchantId(), r.GetLivemode(), now, &value)
		})
		if err != nil {
			return err
		}
		if !taken {
			first, err := s.claimed(ctx, tx, key, mine, now)
			if err != nil {
				return err
			}
			if first != mine.Reference {
				known, err := readRedemption(ctx, tx, r.GetMerchantId(), r.GetLivemode(), first)
				res.Redemption, res.Existed = known.view(), true
				return err
			}
		}
		held, err := holdPoints(ctx, tx, c, r, value, mine.Reference, now)
		res.Redemption = held.view()
		return err
	})
	if err != nil {
		return nil, err
	}
	return res, nil
}

// claimed takes an Idempotency-Key and returns the id of what it stands for: that of mine, or of what an earlier request did.
func (s *Server) claimed(ctx context.Context, tx pgx.Tx, k claim.Key, mine claim.Claim, now time.Time) (id string, err error) {
	holder, err := claim.Take(ctx, tx, k, mine, now)
	if err != nil {
		return "", fmt.Errorf("claim points: %w", err)
	}
	if !holder.Same(mine.Fingerprint) {
		return "", errs.New(errs.IdempotencyConflict, "This Idempotency-Key was used with a different request. Use a new key for a new request.")
	}
	return holder.Reference, nil
}

// fingerprint tells requests apart.
func fingerprint(parts ...any) []byte {
	h := sha256.Sum256(fmt.Appendf(nil, "%q", parts))
	return h[:]
}

func checkHold(r *qrv1.HoldPointsRequest) error {
	var bad refuse.Problems
	bad.If(r.GetIdempotencyKey() == "", "Idempotency-Key", "is required, so that a repetition holds nothing twice")
	bad.If(r.GetMemberId() == "", "member_id", "is required")
	bad.If(r.GetPoints() < 0 || r.GetPoints() > maxPoints, "points", "must be from 1 to %d", maxPoints)
	bad.If(r.GetAmountCents() < 0 || r.GetAmountCents() > maxCents, "amount", "must be from 0.01 to 1000000")
	bad.If(r.GetPoints() == 0 && r.GetAmountCents() == 0, "points", "is required, or amount")
	bad.If(r.GetPoints() != 0 && r.GetAmountCents() != 0, "points", "cannot be combined with amount")
	checkText(&bad, "reference", r.GetReference(), 0)
	wait := time.Duration(r.GetExpiresInSeconds()) * time.Second
	bad.If(wait != 0 && (wait < minHoldFor || wait > maxHoldFor), "expires_in_seconds", "must be from %d to %d",
		int(minHoldFor.Seconds()), int(maxHoldFor.Seconds()))
	return bad.Err()
}

// checkText wants one line.
func checkText(bad *refuse.Problems, field, text string, least int) {
	n := utf8.RuneCountInString(text)
	bad.If(n < least, field, "is required")
	bad.If(n > maxText || strings.ContainsFunc(text, unicode.IsControl), field, "must be one line of at most %d characters", maxText)
}

// holdPoints sets points of a locked member aside.
func holdPoints(ctx context.Context, tx pgx.Tx, c *change, r *qrv1.HoldPointsRequest, value int64, id string, now time.Time) (*redemption, error) {
	if c == nil {
		return nil, notFound()
	}
	points, amount, err := priced(r, value)
	if err != nil {
		return nil, err
	}
	if free := c.m.available(); points > free {
		return nil, errs.New(errs.InvalidState, "The member has %d points to redeem, and this takes %d. Redeem less.", free, points)
	}
	wait := holdFor
	if n := r.GetExpiresInSeconds(); n != 0 {
		wait = time.Duration(n) * time.Second
	}
	made := &redemption{
		ID: id, MerchantID: r.GetMerchantId(), Livemode: r.GetLivemode(), MemberID: c.m.ID, Status: held, Points: points, Amount: amount,
		Reference: r.GetReference(), Actor: r.GetActor(), ExpiresAt: now.Add(wait), CreatedAt: now,
	}
	queueRedemption(&c.b, made)
	c.hold(id, points)
	return made, c.commit(ctx, tx)
}

// priced returns how many points a request takes, and what they are worth. An amount takes enough points to cover it.
func priced(r *qrv1.HoldPointsRequest, value int64) (points int64, amount money.Cents, err error) {
	if r.GetAmountCents() == 0 {
		return r.GetPoints(), money.Cents(r.GetPoints() * value), nil
	}
	if value == 0 {
		return 0, 0, errs.Invalid(errs.Field{
			Field: "amount", Message: "amount needs a point_value in your program. Set one, or redeem a number of points.",
		})
	}
	return (r.GetAmountCents() + value - 1) / value, money.Cents(r.GetAmountCents()), nil
}

// CaptureRedemption implements RewardsService.
func (s *Server) CaptureRedemption(ctx context.Context, r *qrv1.CaptureRedemptionRequest) (*qrv1.CaptureRedemptionResponse, error) {
	got, err := s.end(ctx, r.GetMerchantId(), r.GetLivemode(), r.GetId(), captured)
	if err != nil {
		return nil, err
	}
	return &qrv1.CaptureRedemptionResponse{Redemption: got.view()}, nil
}

// ReleaseRedemption implements RewardsService.
func (s *Server) ReleaseRedemption(ctx context.Context, r *qrv1.ReleaseRedemptionRequest) (*qrv1.ReleaseRedemptionResponse, error) {
	got, err := s.end(ctx, r.GetMerchantId(), r.GetLivemode(), r.GetId(), released)
	if err != nil {
		return nil, err
	}
	return &qrv1.ReleaseRedemptionResponse{Redemption: got.view()}, nil
}

// end captures or releases a redemption. One that has ended in the same way stays as it is.
func (s *Server) end(ctx context.Context, merchantID string, livemode bool, id, how string) (r *redemption, err error) {
	if !isID(id) {
		return nil, errs.NotFound("Redemption")
	}
	err = s.commit(ctx, func(tx pgx.Tx) error {
		r, err = s.endHold(ctx, tx, hold{merchantID, livemode, id}, how)
		return err
	})
	if err != nil {
		return nil, err
	}
	if r.Status != how {
		return nil, errs.New(errs.InvalidState, "This redemption is %s and cannot be %s. Create a new one.", r.Status, how)
	}
	return r, nil
}

// endHold ends a redemption that is held, and returns it as it is then. A hold that is past its time has expired, whatever was asked for.
func (s *Server) endHold(ctx context.Context, tx pgx.Tx, h hold, how string) (*redemption, error) {
	var r *redemption
	c, err := s.lockAfter(ctx, tx, &pgx.Batch{}, byARedemption, h.ID, owner{MerchantID: h.MerchantID, Livemode: h.Livemode}, func(b *pgx.Batch) {
		queueRedemptionRead(b, h, &r)
	})
	if err != nil {
		return nil, err
	}
	if c == nil || r == nil {
		return nil, errs.NotFound("Redemption")
	}
	if r.Status != held {
		return r, nil
	}
	now := s.now()
	if r.Status, r.EndedAt = how, &now; !now.Before(r.ExpiresAt) {
		r.Status = expired
	}
	queueEnd(&c.b, r)
	if r.Status == captured {
		e := c.write(entry{Kind: redeemed, Points: -r.Points, RedemptionID: &r.ID, Reason: r.Reference, At: now, Actor: r.Actor})
		if c.m.Kind == byCustomer {
			queueCustomerEntry(&c.b, c.m, e)
		}
		c.announce(events.Event{Type: "reward.redeemed", Time: now}, &e, r)
	} else {
		c.release(r.ID, r.Points)
		c.announce(events.Event{Type: "reward.released", Time: now}, nil, r)
	}
	return r, c.commit(ctx, tx)
}

// expireHold ends a hold that was claimed.
func (s *Server) expireHold(ctx context.Context, h hold) {
	err := s.commit(ctx, func(tx pgx.Tx) error {
		_, err := s.endHold(ctx, tx, h, expired)
		return err
	})
	if err != nil {
		s.log.ErrorContext(ctx, "hold of points not ended, retrying later", "redemption", h.ID, "error", err)
	}
}

// expirePoints ends the points of a member that was claimed.
func (s *Server) expirePoints(ctx context.Context, of owner) {
	err := s.commit(ctx, func(tx pgx.Tx) error {
		c, err := s.lock(ctx, tx, of)
		if err != nil || c == nil {
			return err
		}
		return c.commit(ctx, tx)
	})
	if err != nil {
		s.log.ErrorContext(ctx, "points not expired, retrying later", "member", of.MemberID, "error", err)
	}
}

// GetRedemption implements RewardsService.
func (s *Server) GetRedemption(ctx context.Context, r *qrv1.GetRedemptionRequest) (*qrv1.GetRedemptionResponse, error) {
	if !isID(r.GetId()) {
		return nil, errs.NotFound("Redemption")
	}
	got, err := readRedemption(ctx, s.pool, r.GetMerchantId(), r.GetLivemode(), r.GetId())
	if err != nil {
		return nil, err
	}
	return &qrv1.GetRedemptionResponse{Redemption: got.view()}, nil
}

// ListRedemptions implements RewardsService.
func (s *Server) ListRedemptions(ctx context.Context, r *qrv1.ListRedemptionsRequest) (*qrv1.ListRedemptionsResponse, error) {
	var bad refuse.Problems
	bad.If(r.GetMemberId() != "" && !isID(r.GetMemberId()), "member_id", "must be the id of a member")
	if err := bad.Err(); err != nil {
		return nil, err
	}
	list, total, err := listRedemptions(ctx, s.reads, r)
	if err != nil {
		return nil, err
	}
	res := &qrv1.ListRedemptionsResponse{Total: total.Rows, TotalIsMinimum: total.Minimum}
	for _, got := range list {
		res.Redemptions = append(res.Redemptions, got.view())
	}
	return res, nil
}

func (r *redemption) view() *qrv1.Redemption {
	if r == nil {
		return nil
	}
	return &qrv1.Redemption{
		Id: r.ID, MemberId: r.MemberID, Status: r.Status, Points: r.Points, AmountCents: int64(r.Amount), Reference: r.Reference, Actor: r.Actor,
		ExpiresAt: timestamppb.New(r.ExpiresAt), CreatedAt: timestamppb.New(r.CreatedAt), EndedAt: stamp(r.EndedAt),
	}
}
