package settlement

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/payments/internal/settlement/match"
)

func accountOfLine(ctx context.Context, tx pgx.Tx, o owner, lineID string) (accountID string, err error) {
	err = tx.QueryRow(ctx, `select account_id::text from bank_lines where id = $1 and merchant_id = $2 and livemode = $3`, lineID, o.ID, o.Livemode).Scan(&accountID)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", errNoLine()
	}
	if err != nil {
		return "", fmt.Errorf("find bank line: %w", err)
	}
	return accountID, nil
}

// lockLine locks a line whose account is locked. NOT_FOUND for one that the bank took back or has not booked.
func lockLine(ctx context.Context, tx pgx.Tx, id string) (line, error) {
	rows, err := tx.Query(ctx, `select `+lineColumns+` from bank_lines where id = $1 and state not in ('gone', 'coming') for update`, id)
	if err != nil {
		return line{}, fmt.Errorf("lock bank line: %w", err)
	}
	l, err := pgx.CollectExactlyOneRow(rows, scanLine)
	if errors.Is(err, pgx.ErrNoRows) {
		return line{}, errNoLine()
	}
	if err != nil {
		return line{}, fmt.Errorf("lock bank line: %w", err)
	}
	return l, nil
}

// matchedParts returns what of a line is matched, by reference.
func matchedParts(ctx context.Context, tx pgx.Tx, lineID string) (map[string]money.Cents, error) {
	rows, err := tx.Query(ctx, `select reference, amount_cents from settlement_matches where line_id = $1 and undone_at is null`, lineID)
	if err != nil {
		return nil, fmt.Errorf("read matches: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Part])
	if err != nil {
		return nil, fmt.Errorf("read matches: %w", err)
	}
	done := make(map[string]money.Cents, len(list))
	for _, p := range list {
		done[p.Reference] = p.Cents
	}
	return done, nil
}

func suggestionsOf(ctx context.Context, tx pgx.Tx, lineID string) ([]match.Link, error) {
	rows, err := tx.Query(ctx, `select reference, amount_cents, rule, evidence from settlement_suggestions where line_id = $1 order by rank`, lineID)
	if err != nil {
		return nil, fmt.Errorf("read suggestions: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (k match.Link, err error) {
		var evidence []byte
		if err := r.Scan(&k.Reference, &k.Cents, &k.Rule, &evidence); err != nil {
			return k, err
		}
		return k, json.Unmarshal(evidence, &k.Evidence)
	})
	if err != nil {
		return nil, fmt.Errorf("read suggestions: %w", err)
	}
	return list, nil
}

// isOf reports whether the owner has a payment or refund, on whatever account.
func (s *Settlement) isOf(ctx context.Context, tx pgx.Tx, o owner, reference string) (is bool, err error) {
	err = tx.QueryRow(ctx, `select exists (select 1 from payments where reference = $1 and merchant_id = $2 and livemode = $3
		and origin <> 'scan' and kind not in ('mandate', 'supplier'))`, reference, o.ID, o.Livemode).Scan(&is)
	if err != nil {
		return false, fmt.Errorf("find payment: %w", err)
	}
	return is, nil
}

func (s *Settlement) lineOfMatch(ctx context.Context, o owner, matchID string) (lineID string, err error) {
	err = s.Pool.QueryRow(ctx, `select l.id::text from settlement_matches m join bank_lines l on l.id = m.line_id
		where m.id = $1 and l.merchant_id = $2 and l.livemode = $3`, matchID, o.ID, o.Livemode).Scan(&lineID)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", errNoMatch()
	}
	if err != nil {
		return "", fmt.Errorf("find match: %w", err)
	}
	return lineID, nil
}

// leaveToPerson makes a line one that only a person matches.
func leaveToPerson(ctx context.Context, tx pgx.Tx, lineID string) error {
	if _, err := tx.Exec(ctx, `update bank_lines set by_hand = true where id = $1`, lineID); err != nil {
		return fmt.Errorf("leave bank line to a person: %w", err)
	}
	return nil
}

// undoMatches marks matches of a line as undone: one, or all with an empty matchID.
func undoMatches(ctx context.Context, tx pgx.Tx, lineID, matchID, actor, note string, now time.Time) ([]undone, error) {
	rows, err := tx.Query(ctx, `with u as (update settlement_matches set undone_at = $3, undone_by = $4, undone_note = $5
			where line_id = $1 and undone_at is null and ($2 = '' or id::text = $2) returning reference, amount_cents)
		select i.reference, i.matched_cents - u.amount_cents, i.state = 'settled' from u join settlement_items i on i.reference = u.reference`,
		lineID, matchID, now, actor, note)
	if err != nil {
		return nil, fmt.Errorf("undo matches: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (u undone, err error) {
		return u, r.Scan(&u.reference, &u.left, &u.wasSettled)
	})
	if err != nil {
		return nil, fmt.Errorf("undo matches: %w", err)
	}
	return list, nil
}

// takeFromLine brings a line in accordance with the matches that are left of it.
func takeFromLine(ctx context.Context, tx pgx.Tx, lineID string, now time.Time) error {
	_, err := tx.Exec(ctx, `update bank_lines l set matched_cents = m.cents, updated_at = $2, reason = case when m.cents = 0 then 'undone' else '' end,
			state = case when m.cents = 0 then 'new' when m.cents = abs(l.amount_cents) then 'matched' else 'partly' end
		from (select coalesce(sum(amount_cents), 0) cents from settlement_matches where line_id = $1 and undone_at is null) m where l.id = $1`, lineID, now)
	if err != nil {
		return fmt.Errorf("take from bank line: %w", err)
	}
	return nil
}
