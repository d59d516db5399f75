package reward

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/run/pg"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// never is after all versions.
var never = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

const programColumns = `version, rules, changed_by, changed_at`

func scanProgram(row pgx.CollectableRow) (*qrv1.RewardProgram, error) {
	var (
		p       = &qrv1.RewardProgram{}
		version int32
		raw     []byte
		by      string
		at      time.Time
	)
	if err := row.Scan(&version, &raw, &by, &at); err != nil {
		return nil, err //nolint:wrapcheck // the callers say what they read
	}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(raw, p); err != nil {
		return nil, fmt.Errorf("decode rules: %w", err)
	}
	p.Version, p.ChangedBy, p.ChangedAt = version, by, timestamppb.New(at)
	return p, nil
}

// rulesAt returns the rules that were in force at that time; found is false for the default program.
func rulesAt(ctx context.Context, db pg.DB, merchantID string, livemode bool, at time.Time) (r rules, found bool, err error) {
	return readRules(ctx, db, rulesInForce, merchantID, livemode, at)
}

const rulesInForce = `select ` + programColumns + ` from reward_programs where merchant_id = $1 and livemode = $2 and changed_at <= $3
	order by version desc limit 1`

// queueValue reads what a point is worth in cents; 0 in the default program.
func queueValue(b *pgx.Batch, merchantID string, livemode bool, at time.Time, into *int64) {
	b.Queue(rulesInForce, merchantID, livemode, at).Query(func(rows pgx.Rows) error {
		list, err := pgx.CollectRows(rows, scanProgram)
		if len(list) == 1 {
			*into = list[0].GetPointValueCents()
		}
		return err //nolint:wrapcheck // the batch says what it was for
	})
}

// rulesOf returns the rules of that version.
func rulesOf(ctx context.Context, db pg.DB, merchantID string, livemode bool, version int32) (r rules, found bool, err error) {
	return readRules(ctx, db, `select `+programColumns+` from reward_programs where merchant_id = $1 and livemode = $2 and version = $3`,
		merchantID, livemode, version)
}

func readRules(ctx context.Context, db pg.DB, sql string, args ...any) (r rules, found bool, err error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return rules{}, false, fmt.Errorf("read rules: %w", err)
	}
	p, err := pgx.CollectExactlyOneRow(rows, scanProgram)
	if errors.Is(err, pgx.ErrNoRows) {
		return rules{}, false, nil
	}
	if err != nil {
		return rules{}, false, fmt.Errorf("read rules: %w", err)
	}
	return rules{p}, true, nil
}

// lockPrograms serialises changes of a merchant's rules until the end of the transaction.
func lockPrograms(ctx context.Context, tx pgx.Tx, merchantID string, livemode bool) error {
	_, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('reward_programs ' || $1 || $2::boolean::text, 0))`, merchantID, livemode)
	if err != nil {
		return fmt.Errorf("lock rules: %w", err)
	}
	return nil
}

func insertProgram(ctx context.Context, tx pgx.Tx, merchantID string, livemode bool, p *qrv1.RewardProgram) error {
	raw, err := protojson.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode rules: %w", err)
	}
	_, err = tx.Exec(ctx, `insert into reward_programs (merchant_id, livemode, version, rules, changed_by, changed_at) values ($1, $2, $3, $4, $5, $6)`,
		merchantID, livemode, p.GetVersion(), raw, p.GetChangedBy(), p.GetChangedAt().AsTime())
	if err != nil {
		return fmt.Errorf("store rules: %w", err)
	}
	return nil
}

// listPrograms returns one page of the rules that a merchant has set, newest first, and their number: versions have no gaps.
func listPrograms(ctx context.Context, db pg.DB, merchantID string, livemode bool, limit, offset int64) (list []*qrv1.RewardProgram, total int64, err error) {
	err = db.QueryRow(ctx, `select coalesce(max(version), 0) from reward_programs where merchant_id = $1 and livemode = $2`, merchantID, livemode).Scan(&total)
	if err != nil {
		return nil, 0, fmt.Errorf("count rules: %w", err)
	}
	rows, err := db.Query(ctx, `select `+programColumns+` from reward_programs where merchant_id = $1 and livemode = $2 and version <= $3
		order by version desc limit $4`, merchantID, livemode, total-offset, limit)
	if err != nil {
		return nil, 0, fmt.Errorf("list rules: %w", err)
	}
	if list, err = pgx.CollectRows(rows, scanProgram); err != nil {
		return nil, 0, fmt.Errorf("list rules: %w", err)
	}
	return list, total, nil
}

// takesPart reports whether customers of the app earn points of the default program at the merchant.
func takesPart(ctx context.Context, db pg.DB, merchantID string) (eligible bool, err error) {
	err = db.QueryRow(ctx, `select coalesce((select eligible from loyalty_merchants where merchant_id = $1), false)`, merchantID).Scan(&eligible)
	if err != nil {
		return false, fmt.Errorf("find merchant for points: %w", err)
	}
	return eligible, nil
}
