package enrol

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

// lease is the lifetime of the lease on an enrolment; askTimeout and recordTimeout end before it.
const (
	lease         = time.Minute
	askTimeout    = 30 * time.Second
	recordTimeout = 10 * time.Second
	// minInterval protects the platform from readers that poll.
	minInterval = 2 * time.Second
)

// claimed is an enrolment that this process has leased to call the platform.
type claimed struct {
	Enrolment
	lease    uuid.UUID
	attempts int
	// planned is when the sweeper would have called.
	planned time.Time
	// onDemand means that a caller waits for the result. It does not change the sweeper's schedule.
	onDemand bool
}

// A claim moves the due time ahead, which makes it a lease: if a process dies, another takes over.
const (
	takeSQL = `update enrolments e set lease = $1, due_at = $2, asked_at = $3 from due
		where e.merchant_id = due.merchant_id and e.livemode = due.livemode
		returning e.merchant_id, e.livemode, e.settings, e.code, e.client_id, e.mandate_id, e.mandate_status, e.created_at, e.attempts, due.due_at`
	claimDueSQL = `with due as (select merchant_id, livemode, due_at from enrolments where livemode = $4 and due_at <= $3
		order by due_at limit $5 for update skip locked) ` + takeSQL
	claimOneSQL = `with due as (select merchant_id, livemode, due_at from enrolments where merchant_id = $4 and livemode = $5
		and (lease is null or due_at <= $3) and (asked_at is null or asked_at <= $6) for update) ` + takeSQL
)

// firstDue is when the next enrolment of a mode is due.
var firstDue = map[bool]string{
	true: `select min(due_at) from enrolments where livemode`, false: `select min(due_at) from enrolments where not livemode`,
}

func (r *Enroller) claim(ctx context.Context, sql string, args ...any) ([]claimed, error) {
	id, now := uuid.New(), r.instant()
	rows, err := r.Pool.Query(ctx, sql, append([]any{id, now.Add(lease), now}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("claim enrolments: %w", err)
	}
	questions, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (claimed, error) {
		q := claimed{lease: id}
		var err error
		q.Enrolment, err = scanWith(row, &q.attempts, &q.planned)
		return q, err
	})
	if err != nil {
		return nil, fmt.Errorf("claim enrolments: %w", err)
	}
	return questions, nil
}

// leased reports whether a call about an enrolment is in progress.
func (r *Enroller) leased(ctx context.Context, merchantID string, livemode bool) (busy bool, err error) {
	err = r.Pool.QueryRow(ctx, `select exists (select from enrolments where merchant_id = $1 and livemode = $2
		and lease is not null and due_at > $3)`, merchantID, livemode, r.instant()).Scan(&busy)
	if err != nil {
		return false, fmt.Errorf("look at enrolment: %w", err)
	}
	return busy, nil
}

// errLeaseLost is returned when another process has the lease or the enrolment has changed.
var errLeaseLost = errors.New("the enrolment was changed concurrently")

// recordClient stores the client, so that it is known after a crash.
func (r *Enroller) recordClient(ctx context.Context, q claimed, clientID string) error {
	tag, err := r.Pool.Exec(ctx, `update enrolments set client_id = $4 where merchant_id = $1 and livemode = $2 and lease = $3`,
		q.MerchantID, q.Livemode, q.lease, clientID)
	if err != nil {
		return fmt.Errorf("record client: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return errLeaseLost
	}
	return nil
}

// record stores the platform's answer and when to call it next. If a mandate has become active, everything that waited for it is
// released in the same transaction.
func (r *Enroller) record(ctx context.Context, q claimed, a answer) error {
	activated := false
	err := pgx.BeginFunc(ctx, r.Pool, func(tx pgx.Tx) error {
		var news bool
		err := tx.QueryRow(ctx, `select asked_at is null from enrolments where merchant_id = $1 and livemode = $2 and lease = $3 for update`,
			q.MerchantID, q.Livemode, q.lease).Scan(&news)
		if errors.Is(err, pgx.ErrNoRows) {
			return errLeaseLost
		}
		if err != nil {
			return fmt.Errorf("lock enrolment: %w", err)
		}
		now := r.instant()
		attempts, due := schedule(q, a, now)
		if news {
			due = now
		}
		_, err = tx.Exec(ctx, `update enrolments set client_id = $3, mandate_id = $4, mandate_status = $5, due_at = $6, attempts = $7, last_error = $8,
			lease = null, updated_at = case when mandate_status = $5 then updated_at else $9 end where merchant_id = $1 and livemode = $2`,
			q.MerchantID, q.Livemode, a.clientID, a.mandate.ID, string(a.mandate.Status), due, attempts, a.problem, now)
		if err != nil {
			return fmt.Errorf("record mandate: %w", err)
		}
		activated = a.mandate.Status == platform.MandateActive && q.status != platform.MandateActive
		if !activated {
			return nil
		}
		return transmit.Resume(ctx, tx, q.MerchantID, q.Livemode, now)
	})
	if err == nil && activated {
		r.Wake(q.Livemode)
	}
	return err
}

const columns = `merchant_id, livemode, settings, code, client_id, mandate_id, mandate_status, created_at`

func scan(row pgx.CollectableRow) (Enrolment, error) { return scanWith(row) }

// scanWith scans columns, and the columns that follow into more.
func scanWith(row pgx.CollectableRow, more ...any) (Enrolment, error) {
	var e Enrolment
	var settings []byte
	into := []any{&e.MerchantID, &e.Livemode, &settings, &e.Code, &e.ClientID, &e.MandateID, &e.status, &e.CreatedAt}
	if err := row.Scan(append(into, more...)...); err != nil {
		return Enrolment{}, err
	}
	if err := json.Unmarshal(settings, &e.Settings); err != nil {
		return Enrolment{}, fmt.Errorf("settings of %s: %w", e.MerchantID, err)
	}
	return e, nil
}

// Read returns a merchant's enrolment, or NOT_ENROLLED.
func Read(ctx context.Context, db pg.DB, merchantID string, livemode bool) (Enrolment, error) {
	return read(ctx, db, "", merchantID, livemode)
}

// lock is Read with a row lock until the end of the transaction.
func lock(ctx context.Context, tx pgx.Tx, merchantID string, livemode bool) (Enrolment, error) {
	return read(ctx, tx, " for update", merchantID, livemode)
}

func read(ctx context.Context, db pg.DB, how, merchantID string, livemode bool) (Enrolment, error) {
	rows, err := db.Query(ctx, `select `+columns+` from enrolments where merchant_id = $1 and livemode = $2`+how, merchantID, livemode)
	if err != nil {
		return Enrolment{}, fmt.Errorf("read enrolment: %w", err)
	}
	e, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return Enrolment{}, ErrNotEnrolled()
	}
	if err != nil {
		return Enrolment{}, fmt.Errorf("read enrolment: %w", err)
	}
	return e, nil
}

// Logo returns the picture for the merchant's documents, PNG or JPEG; nil if there is none.
func Logo(ctx context.Context, db pg.DB, merchantID string, livemode bool) ([]byte, error) {
	var logo []byte
	err := db.QueryRow(ctx, `select logo from enrolments where merchant_id = $1 and livemode = $2`, merchantID, livemode).Scan(&logo)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("read logo: %w", err)
	}
	return logo, nil
}
