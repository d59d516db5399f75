package settlement

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/tally"
	"european-pay.eu/eupay/internal/vault"
)

// states are the conditions of the filter's words, as texts that the partial index knows.
var states = map[string]string{
	"matched": " and state in ('matched', 'partly')", "suggested": " and state = 'suggested'", "unmatched": " and state in ('new', 'unmatched')",
}

const viewColumns = `id::text, account_id::text, amount_cents, matched_cents, booked_on, state, reason, text_key_id, text_sealed, recorded_at, subscription_id`

func (s *Settlement) listLines(ctx context.Context, o owner, f Filter) ([]Line, tally.Total, error) {
	where, args := `merchant_id = $1 and livemode = $2`, []any{o.ID, o.Livemode}
	where += states[f.State]
	if f.Reference != "" {
		args = append(args, f.Reference)
		where += fmt.Sprintf(" and id in (select line_id from settlement_matches where reference = $%d and undone_at is null)", len(args))
	}
	total, err := tally.AtMost(ctx, s.Reads, `from bank_lines where `+where, args...)
	if err != nil {
		return nil, total, fmt.Errorf("count bank lines: %w", err)
	}
	rows, err := s.Reads.Query(ctx, fmt.Sprintf(`select %s from bank_lines where %s order by booked_on desc, bank_lines.id desc limit %d offset %d`,
		viewColumns, where, f.Limit, (f.Page-1)*f.Limit), args...)
	if err != nil {
		return nil, total, fmt.Errorf("list bank lines: %w", err)
	}
	list, err := s.collectLines(ctx, rows)
	return list, total, err
}

func (s *Settlement) getLine(ctx context.Context, o owner, id string) (Line, error) {
	rows, err := s.Pool.Query(ctx, `select `+viewColumns+` from bank_lines where id = $1 and merchant_id = $2 and livemode = $3`, id, o.ID, o.Livemode)
	if err != nil {
		return Line{}, fmt.Errorf("read bank line: %w", err)
	}
	list, err := s.collectLines(ctx, rows)
	if err == nil && len(list) == 0 {
		return Line{}, errNoLine()
	}
	if err != nil {
		return Line{}, err
	}
	return list[0], nil
}

func (s *Settlement) collectLines(ctx context.Context, rows pgx.Rows) ([]Line, error) {
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (l Line, err error) {
		var keyID *string
		var data []byte
		if err := r.Scan(&l.ID, &l.AccountID, &l.Cents, &l.Matched, &l.On, &l.State, &l.Reason, &keyID, &data, &l.RecordedAt, &l.SubscriptionID); err != nil || keyID == nil {
			return l, err
		}
		t, err := s.openText(l.ID, &vault.Sealed{KeyID: *keyID, Data: data})
		l.Text, l.Name, l.IBAN = t.Text, t.Name, t.IBAN
		return l, err
	})
	if err != nil {
		return nil, fmt.Errorf("read bank lines: %w", err)
	}
	return list, s.addMatches(ctx, list)
}

// addMatches reads the matches and suggestions of lines.
func (s *Settlement) addMatches(ctx context.Context, list []Line) error {
	at, ids := make(map[string]int, len(list)), make([]string, len(list))
	for i, l := range list {
		at[l.ID], ids[i] = i, l.ID
	}
	rows, err := s.Pool.Query(ctx, `select m.line_id::text, m.id::text, m.reference, i.kind, m.amount_cents, m.rule, m.evidence, m.actor, m.note, m.created_at,
			m.undone_at, m.undone_by, m.undone_note
		from settlement_matches m join settlement_items i on i.reference = m.reference where m.line_id = any ($1::uuid[])
		union all select g.line_id::text, '', g.reference, i.kind, g.amount_cents, g.rule, g.evidence, '', '', l.updated_at, null, '', ''
		from settlement_suggestions g join settlement_items i on i.reference = g.reference join bank_lines l on l.id = g.line_id
		where g.line_id = any ($1::uuid[]) order by 10, 3`, ids)
	if err != nil {
		return fmt.Errorf("read matches: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var lineID string
		var m Matched
		var evidence []byte
		err := rows.Scan(&lineID, &m.ID, &m.Reference, &m.Kind, &m.Cents, &m.Rule, &evidence, &m.Actor, &m.Note, &m.At, &m.UndoneAt, &m.UndoneBy, &m.UndoneNote)
		if err != nil {
			return fmt.Errorf("read matches: %w", err)
		}
		if err := json.Unmarshal(evidence, &m.Evidence); err != nil {
			return fmt.Errorf("read evidence: %w", err)
		}
		l := &list[at[lineID]]
		if m.ID == "" {
			l.Suggestions = append(l.Suggestions, m)
		} else {
			l.Matches = append(l.Matches, m)
		}
	}
	return rows.Err()
}

// order is that of steps at the same moment.
var order = []string{"recorded", "booked", "undone", "changed", "gone", "matched"}

// stepsOf returns everything that happened to a line, oldest first.
func (s *Settlement) stepsOf(ctx context.Context, l Line) ([]Step, error) {
	steps := []Step{{At: l.RecordedAt, What: "recorded"}}
	rows, err := s.Pool.Query(ctx, `select occurred_at, what, note from bank_line_changes where line_id = $1 order by occurred_at`, l.ID)
	if err != nil {
		return nil, fmt.Errorf("read changes of a bank line: %w", err)
	}
	changes, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (Step, error) {
		s := Step{Actor: byBank}
		return s, r.Scan(&s.At, &s.What, &s.Note)
	})
	if err != nil {
		return nil, fmt.Errorf("read changes of a bank line: %w", err)
	}
	steps = append(steps, changes...)
	for _, m := range l.Matches {
		steps = append(steps, Step{At: m.At, What: "matched", Actor: m.Actor, Reference: m.Reference, Rule: string(m.Rule), Cents: m.Cents, Note: m.Note})
		if m.UndoneAt != nil {
			steps = append(steps, Step{At: *m.UndoneAt, What: "undone", Actor: m.UndoneBy, Reference: m.Reference, Rule: string(m.Rule), Cents: m.Cents, Note: m.UndoneNote})
		}
	}
	slices.SortStableFunc(steps, func(a, b Step) int {
		return cmp.Or(cmp.Compare(a.At.UnixMicro(), b.At.UnixMicro()), cmp.Compare(slices.Index(order, a.What), slices.Index(order, b.What)))
	})
	return steps, nil
}

func (s *Settlement) listUnsettled(ctx context.Context, o owner, page, limit int) ([]Unsettled, tally.Total, error) {
	total, err := tally.AtMost(ctx, s.Reads, `from settlement_items where merchant_id = $1 and livemode = $2 and state = 'unsettled'`, o.ID, o.Livemode)
	if err != nil {
		return nil, total, fmt.Errorf("count unsettled payments: %w", err)
	}
	rows, err := s.Reads.Query(ctx, `select i.reference, i.kind, p.merchant_reference, p.description, i.amount_cents, i.matched_cents, i.expected_on, p.unsettled_at
		from settlement_items i join payments p on p.reference = i.reference
		where i.merchant_id = $1 and i.livemode = $2 and i.state = 'unsettled' order by i.expected_on desc, i.reference desc limit $3 offset $4`,
		o.ID, o.Livemode, limit, (page-1)*limit)
	if err != nil {
		return nil, total, fmt.Errorf("list unsettled payments: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Unsettled])
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, total, fmt.Errorf("list unsettled payments: %w", err)
	}
	return list, total, nil
}
