package rewardapi

import (
	"bytes"
	"context"
	"fmt"
	"strconv"

	"github.com/labstack/echo/v4"

	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/sheet"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

type entry struct {
	ID       string `json:"id"`
	MemberID string `json:"member_id"`
	Kind     string `json:"kind"`
	Points   int64  `json:"points"`
	Balance  int64  `json:"balance"`
	// Reference is of the payment.
	Reference      string  `json:"reference,omitempty"`
	RedemptionID   string  `json:"redemption_id,omitempty"`
	Reason         string  `json:"reason,omitempty"`
	Actor          string  `json:"actor,omitempty"`
	ProgramVersion int32   `json:"program_version"`
	ExpiresAt      *string `json:"expires_at"`
	OccurredAt     string  `json:"occurred_at"`
}

func entryView(e *qrv1.RewardEntry) entry {
	return entry{
		ID: e.GetId(), MemberID: e.GetMemberId(), Kind: e.GetKind(), Points: e.GetPoints(), Balance: e.GetBalance(), Reference: e.GetReference(),
		RedemptionID: e.GetRedemptionId(), Reason: e.GetReason(), Actor: e.GetActor(), ProgramVersion: e.GetProgramVersion(),
		ExpiresAt: web.OptionalStamp(e.GetExpiresAt()), OccurredAt: web.Stamp(e.GetOccurredAt()),
	}
}

// entries is the statement of a member.
func (a *API) entries(c echo.Context) error {
	page, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	id, err := web.PathID(c, "id", memberNoun)
	if err != nil {
		return err
	}
	of := caller.AccountOf(c)
	got, err := web.Call(c, callTimeout, a.Rewards.ListRewardEntries, &qrv1.ListRewardEntriesRequest{
		MerchantId: of.Merchant.ID, Livemode: of.Livemode, MemberId: id, Page: int32(page), Limit: int32(limit),
	})
	if err != nil {
		return fmt.Errorf("list points: %w", err)
	}
	return web.List(c, views(got.GetEntries(), entryView), web.Pagination{Page: page, Limit: limit, Total: got.GetTotal(), TotalIsMinimum: got.GetTotalIsMinimum()})
}

// adjust gives points by hand, or takes some.
func (a *API) adjust(c echo.Context) error {
	id, err := web.PathID(c, "id", memberNoun)
	if err != nil {
		return err
	}
	key, err := web.IdempotencyKey(c)
	if err != nil {
		return err
	}
	var in struct {
		Points int64  `json:"points"`
		Reason string `json:"reason"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	of := caller.AccountOf(c)
	got, err := web.Call(c, callTimeout, a.Rewards.AdjustPoints, &qrv1.AdjustPointsRequest{
		MerchantId: of.Merchant.ID, Livemode: of.Livemode, MemberId: id, Points: in.Points, Reason: in.Reason, IdempotencyKey: key,
		Actor: string(caller.Of(c).Actor()),
	})
	if err != nil {
		return fmt.Errorf("adjust points: %w", err)
	}
	return web.OK(c, created(c, got.GetExisted()), entryView(got.GetEntry()))
}

const (
	// exportsPerMinute bounds the downloads of one merchant.
	exportsPerMinute = 6
	// exportPart is how many lines are read at once.
	exportPart = 500
)

// exportHead is the first line of the file. Points that were taken have a column of their own, so that no cell begins with a sign.
var exportHead = []string{
	"id", "occurred_at", "member_id", "kind", "points_given", "points_taken", "balance", "reference", "redemption_id", "reason", "actor", "program_version", "expires_at",
}

// export answers the ledger of all members as a file, the newest line first.
func (a *API) export(c echo.Context) error {
	of := caller.AccountOf(c)
	if err := web.Limited(c, a.Limiter, "rewards.export:"+of.Merchant.ID, exportsPerMinute); err != nil {
		return err
	}
	ctx, cancel := web.UntilStop(c.Request())
	defer cancel()
	req := &qrv1.ListRewardEntriesRequest{MerchantId: of.Merchant.ID, Livemode: of.Livemode, Limit: exportPart}
	part, err := a.exported(ctx, req)
	if err != nil {
		return err
	}
	file, err := web.NewDownload(c, sheet.ContentType, "points.csv")
	if err != nil {
		return err
	}
	rows := [][]string{exportHead}
	for {
		if err := writeRows(file, append(rows, exportRows(part.GetEntries())...)); err != nil {
			file.Cut(err)
		}
		if !part.GetHasMore() {
			return nil
		}
		rows, req.StartingAfter = nil, part.GetEntries()[len(part.GetEntries())-1].GetId()
		if part, err = a.exported(ctx, req); err != nil {
			file.Cut(err)
		}
	}
}

func (a *API) exported(ctx context.Context, req *qrv1.ListRewardEntriesRequest) (*qrv1.ListRewardEntriesResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	part, err := a.Rewards.ListRewardEntries(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("read points to export: %w", err)
	}
	return part, nil
}

func writeRows(file *web.Download, rows [][]string) error {
	var b bytes.Buffer
	if err := sheet.Write(&b, rows); err != nil {
		return err
	}
	_, err := file.Write(b.Bytes())
	return err
}

func exportRows(list []*qrv1.RewardEntry) [][]string {
	rows := make([][]string, len(list))
	for i, e := range list {
		given, taken := strconv.FormatInt(e.GetPoints(), 10), ""
		if e.GetPoints() < 0 {
			given, taken = "", strconv.FormatInt(-e.GetPoints(), 10)
		}
		rows[i] = []string{
			e.GetId(), web.Stamp(e.GetOccurredAt()), e.GetMemberId(), e.GetKind(), given, taken, strconv.FormatInt(e.GetBalance(), 10), e.GetReference(),
			e.GetRedemptionId(), e.GetReason(), e.GetActor(), strconv.FormatInt(int64(e.GetProgramVersion()), 10), web.StampOrNone(e.GetExpiresAt()),
		}
	}
	return rows
}
