package reward

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/claim"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// AdjustPoints implements RewardsService.
func (s *Server) AdjustPoints(ctx context.Context, r *qrv1.AdjustPointsRequest) (*qrv1.AdjustPointsResponse, error) {
	var bad refuse.Problems
	bad.If(r.GetIdempotencyKey() == "", "Idempotency-Key", "is required, so that a repetition gives nothing twice")
	bad.If(r.GetPoints() == 0 || r.GetPoints() < -maxPoints || r.GetPoints() > maxPoints, "points",
		"must be from 1 to %d to give points, or below 0 to take some", maxPoints)
	checkText(&bad, "reason", r.GetReason(), 1)
	if err := bad.Err(); err != nil {
		return nil, err
	}
	if !isID(r.GetMemberId()) {
		return nil, notFound()
	}
	now, res := s.now(), &qrv1.AdjustPointsResponse{}
	mine := claim.Claim{Reference: events.NewID(), ExpiresAt: now.Add(keyLife), Fingerprint: fingerprint("adjust", r.GetMemberId(), r.GetPoints(), r.GetReason())}
	err := s.commit(ctx, func(tx pgx.Tx) error {
		first, err := s.claimed(ctx, tx, claim.Key{MerchantID: r.GetMerchantId(), Livemode: r.GetLivemode(), Kind: "adjust", Key: r.GetIdempotencyKey()}, mine, now)
		if err != nil {
			return err
		}
		if first != mine.Reference {
			e, err := readEntry(ctx, tx, first)
			res.Entry, res.Existed = e.view(), true
			return err
		}
		e, err := s.adjust(ctx, tx, r, mine.Reference)
		res.Entry = e.view()
		return err
	})
	if err != nil {
		return nil, err
	}
	return res, nil
}

func (s *Server) adjust(ctx context.Context, tx pgx.Tx, r *qrv1.AdjustPointsRequest, id string) (entry, error) {
	c, err := s.lock(ctx, tx, owner{r.GetMerchantId(), r.GetLivemode(), r.GetMemberId()})
	if err != nil {
		return entry{}, err
	}
	if c == nil {
		return entry{}, notFound()
	}
	e := entry{ID: id, Kind: adjusted, Points: r.GetPoints(), Reason: r.GetReason(), Actor: r.GetActor(), At: s.now()}
	if free := c.m.available(); -r.GetPoints() > free {
		return entry{}, errs.New(errs.InvalidState, "The member has %d points that can be taken. Take no more than that.", free)
	}
	if r.GetPoints() > 0 {
		program, err := s.program(ctx, tx, r.GetMerchantId(), r.GetLivemode())
		if err != nil {
			return entry{}, err
		}
		e.Version, e.ExpiresAt = program.GetVersion(), program.expiry(e.At)
	}
	e = c.post(e)
	return e, c.commit(ctx, tx)
}

// ListRewardEntries implements RewardsService.
func (s *Server) ListRewardEntries(ctx context.Context, r *qrv1.ListRewardEntriesRequest) (*qrv1.ListRewardEntriesResponse, error) {
	if r.GetMemberId() == "" {
		return s.export(ctx, r)
	}
	if !isID(r.GetMemberId()) {
		return nil, notFound()
	}
	if _, err := s.current(ctx, owner{r.GetMerchantId(), r.GetLivemode(), r.GetMemberId()}); err != nil {
		return nil, err
	}
	limit, offset := page(r.GetPage(), r.GetLimit())
	list, total, err := listEntries(ctx, s.pool, r.GetMemberId(), limit, offset)
	if err != nil {
		return nil, err
	}
	return &qrv1.ListRewardEntriesResponse{Entries: views(list), Total: total.Rows, TotalIsMinimum: total.Minimum}, nil
}

// maxExport is how many lines a part of an export has at most.
const maxExport = 500

func (s *Server) export(ctx context.Context, r *qrv1.ListRewardEntriesRequest) (*qrv1.ListRewardEntriesResponse, error) {
	limit := int64(min(max(r.GetLimit(), 1), maxExport))
	if after := r.GetStartingAfter(); after != "" && !isID(after) {
		return nil, errs.NotFound("Entry")
	}
	list, err := exportEntries(ctx, s.reads, r.GetMerchantId(), r.GetLivemode(), r.GetStartingAfter(), limit+1)
	if err != nil {
		return nil, err
	}
	more := int64(len(list)) > limit
	if more {
		list = list[:limit]
	}
	return &qrv1.ListRewardEntriesResponse{Entries: views(list), HasMore: more}, nil
}

func views(list []entry) []*qrv1.RewardEntry {
	out := make([]*qrv1.RewardEntry, len(list))
	for i, e := range list {
		out[i] = e.view()
	}
	return out
}

func (e entry) view() *qrv1.RewardEntry {
	v := &qrv1.RewardEntry{
		Id: e.ID, MemberId: e.MemberID, Kind: e.Kind, Points: e.Points, Balance: e.Balance, Reference: e.Reference, Reason: e.Reason, Actor: e.Actor,
		ProgramVersion: e.Version, OccurredAt: timestamppb.New(e.At), Sequence: e.Sequence, ExpiresAt: stamp(e.ExpiresAt),
	}
	if e.RedemptionID != nil {
		v.RedemptionId = *e.RedemptionID
	}
	return v
}

// typeOf is the event that announces a line.
func typeOf(kind string) string {
	if kind == welcome {
		return "reward.earned"
	}
	return "reward." + kind
}

func eventBody(m *member, line *entry, r *redemption) ([]byte, error) {
	c := &eventsv1.RewardChanged{MerchantId: m.MerchantID, Livemode: m.Livemode, Member: m.view(), Redemption: r.view(), Sequence: m.Sequence}
	if line != nil {
		c.Entry = line.view()
	}
	data, err := proto.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode event of points: %w", err)
	}
	return data, nil
}
