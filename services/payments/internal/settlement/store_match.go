package settlement

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/vault"
	"european-pay.eu/eupay/services/payments/internal/settlement/match"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// firstMatch is when lines of an account are to be matched next.
const firstMatch = `select min(match_due_at) from receiving_accounts where match_due_at is not null`

// dueMatches claims accounts whose lines wait to be matched.
func (s *Settlement) dueMatches(ctx context.Context, limit int) ([]account, error) {
	now := s.clock()
	rows, err := s.Pool.Query(ctx, `update receiving_accounts set match_due_at = $2 where id in (
			select id from receiving_accounts where match_due_at <= $1 order by match_due_at limit $3 for update skip locked)
		returning `+accountColumns, now, now.Add(matchLease), limit)
	if err != nil {
		return nil, fmt.Errorf("claim lines to match: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanAccount)
	if err != nil {
		return nil, fmt.Errorf("claim lines to match: %w", err)
	}
	return list, nil
}

const lineColumns = `id::text, amount_cents, matched_cents, booked_on, payer_fingerprint, refs, by_hand, text_key_id, text_sealed,
	case when by_hand then array(select reference from settlement_matches m where m.line_id = bank_lines.id and m.undone_at is not null) else '{}' end`

func scanLine(row pgx.CollectableRow) (l line, err error) {
	var keyID *string
	var data []byte
	err = row.Scan(&l.id, &l.cents, &l.booked, &l.on, &l.payer, &l.refs, &l.byHand, &keyID, &data, &l.undone)
	if keyID != nil {
		l.sealed = &vault.Sealed{KeyID: *keyID, Data: data}
	}
	return l, err
}

// newLinesSQL orders by the column id: the result of that name is a text, which no index knows.
const newLinesSQL = `select ` + lineColumns + ` from bank_lines where account_id = $1 and state = 'new' order by booked_on, bank_lines.id limit $2`

func newLines(ctx context.Context, tx pgx.Tx, accountID string) ([]line, error) {
	rows, err := tx.Query(ctx, newLinesSQL, accountID, batchSize)
	if err != nil {
		return nil, fmt.Errorf("read new bank lines: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanLine)
	if err != nil {
		return nil, fmt.Errorf("read new bank lines: %w", err)
	}
	return list, nil
}

func nothingToMatch(ctx context.Context, tx pgx.Tx, accountID string) error {
	_, err := tx.Exec(ctx, `update receiving_accounts set match_due_at = null where id = $1`, accountID)
	return err
}

const itemColumns = `i.reference, i.account_id::text, i.merchant_id::text, i.livemode, i.kind = 'refund', i.amount_cents, i.matched_cents,
	i.payer_fingerprint, i.word, i.alias, i.expected_on, i.state`

func (i *item) targets() []any {
	return []any{&i.reference, &i.accountID, &i.owner.ID, &i.Livemode, &i.refund, &i.cents, &i.matched, &i.payer, &i.word, &i.alias, &i.on, &i.state}
}

func scanItem(row pgx.CollectableRow) (i item, err error) { return i, row.Scan(i.targets()...) }

// itemsNamed reads the items of references, and returns the references by the ends by which texts name them.
func (b *batch) itemsNamed(ctx context.Context, refs []string) (map[string]string, error) {
	byTail := map[string]string{}
	if len(refs) == 0 {
		return byTail, nil
	}
	tails := make([]string, len(refs))
	for i, r := range refs {
		tails[i] = match.Tail(r)
	}
	rows, err := b.tx.Query(ctx, `select `+itemColumns+` from settlement_items i where account_id = $1 and right(reference, 16) = any ($2)
		union all select `+itemColumns+` from settlement_items i where account_id = $1 and right(alias, 16) = any ($2) and alias <> ''`, b.account.id, tails)
	if err != nil {
		return nil, fmt.Errorf("read named payments: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanItem)
	if err != nil {
		return nil, fmt.Errorf("read named payments: %w", err)
	}
	for _, i := range list {
		b.keep(i)
		byTail[match.Tail(i.reference)] = i.reference
		if i.alias != "" {
			byTail[match.Tail(i.alias)] = i.reference
		}
	}
	return byTail, nil
}

// weakMatches reads what the rules matched to payments without their references.
func (b *batch) weakMatches(ctx context.Context, references []string) ([]weakMatch, error) {
	rows, err := b.tx.Query(ctx, `select id::text, line_id::text, reference, amount_cents from settlement_matches
		where reference = any ($1) and undone_at is null and actor = $2 and rule <> 'reference'`, references, byRule)
	if err != nil {
		return nil, fmt.Errorf("read weak matches: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (w weakMatch, err error) {
		return w, r.Scan(&w.id, &w.lineID, &w.reference, &w.cents)
	})
	if err != nil {
		return nil, fmt.Errorf("read weak matches: %w", err)
	}
	return list, nil
}

func (b *batch) undoWeak(ctx context.Context, w weakMatch, better string) error {
	if _, err := undoMatches(ctx, b.tx, w.lineID, w.id, byRule, "line "+better+" names the payment", b.s.clock()); err != nil {
		return err
	}
	return takeFromLine(ctx, b.tx, w.lineID, b.s.clock())
}

// collect reads rows of a line's id and an item into a list of candidates.
func (b *batch) collect(rows pgx.Rows, err error, into map[string][]string) error {
	if err != nil {
		return fmt.Errorf("read candidates: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var lineID string
		var i item
		if err := rows.Scan(append([]any{&lineID}, i.targets()...)...); err != nil {
			return fmt.Errorf("read candidates: %w", err)
		}
		b.keep(i)
		into[lineID] = append(into[lineID], i.reference)
	}
	return rows.Err()
}

// perLine is how many candidates of each kind a line gets: one more than are suggested.
const perLine = 6

// samePayer reads the items of the same payer and amount, and counts the lines that they may belong to as well.
func (b *batch) samePayer(ctx context.Context, c *choices, lines []line, rest []int) error {
	var ids []string
	var cents []int64
	var payers [][]byte
	for _, i := range rest {
		if l := lines[i]; l.payer != nil {
			ids, cents, payers = append(ids, l.id), append(cents, int64(l.open())), append(payers, l.payer)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := b.tx.Query(ctx, `select u.id, `+itemColumns+` from unnest($2::text[], $3::bigint[], $4::bytea[]) u (id, cents, payer)
		cross join lateral (select * from settlement_items i where i.account_id = $1 and i.amount_cents = abs(u.cents) and i.payer_fingerprint = u.payer
			and i.state <> 'settled' and (i.kind = 'refund') = (u.cents < 0) order by i.expected_on limit $5) i`, b.account.id, ids, cents, payers, perLine)
	if err := b.collect(rows, err, c.samePayer); err != nil {
		return err
	}
	counts, err := b.tx.Query(ctx, `select u.id, (select count(*) from (select 1 from bank_lines l where l.account_id = $1 and l.amount_cents = u.cents
			and l.payer_fingerprint = u.payer and l.state in ('new', 'unmatched', 'suggested') and l.id <> u.id::uuid and l.id <> all ($5::uuid[]) limit 1) x)
		from unnest($2::text[], $3::bigint[], $4::bytea[]) u (id, cents, payer)`, b.account.id, ids, cents, payers, b.linked)
	if err != nil {
		return fmt.Errorf("count rival lines: %w", err)
	}
	type count struct {
		ID string
		N  int
	}
	list, err := pgx.CollectRows(counts, pgx.RowToStructByPos[count])
	if err != nil {
		return fmt.Errorf("count rival lines: %w", err)
	}
	for _, one := range list {
		c.rivals[one.ID] = one.N
	}
	return nil
}

// worded reads the items whose word a line carries, and looks whether other lines carry it too.
func (b *batch) worded(ctx context.Context, c *choices, lines []line, rest []int, words map[string][]string) error {
	var ids, tokens []string
	var cents []int64
	for _, i := range rest {
		for _, w := range words[lines[i].id] {
			ids, tokens, cents = append(ids, lines[i].id), append(tokens, w), append(cents, int64(lines[i].open()))
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := b.tx.Query(ctx, `select u.id, `+itemColumns+` from unnest($2::text[], $3::text[], $4::bigint[]) u (id, word, cents)
		cross join lateral (select * from settlement_items i where i.account_id = $1 and i.word = u.word and i.word <> '' and i.amount_cents = abs(u.cents)
			and i.state <> 'settled' and (i.kind = 'refund') = (u.cents < 0) order by i.expected_on limit $5) i`, b.account.id, ids, tokens, cents, perLine)
	if err := b.collect(rows, err, c.worded); err != nil {
		return err
	}
	for _, i := range rest {
		l := lines[i]
		if len(c.worded[l.id]) != 1 {
			continue
		}
		n, err := b.twins(ctx, l, b.items[c.worded[l.id][0]].word)
		if err != nil {
			return err
		}
		c.twinWords[l.id] = n
	}
	return nil
}

// maxTwins is how many other lines of an amount are read for a word. If there are more, somebody must look.
const maxTwins = 50

// twins returns whether other lines of the same amount carry the word: 0, or more.
func (b *batch) twins(ctx context.Context, l line, word string) (int, error) {
	rows, err := b.tx.Query(ctx, `select `+lineColumns+` from bank_lines where account_id = $1 and amount_cents = $2
		and state in ('new', 'unmatched', 'suggested') and id <> $3 and id <> all ($4::uuid[]) limit $5`,
		b.account.id, int64(l.open()), l.id, b.linked, maxTwins)
	if err != nil {
		return 0, fmt.Errorf("read lines of the same amount: %w", err)
	}
	others, err := pgx.CollectRows(rows, scanLine)
	if err != nil {
		return 0, fmt.Errorf("read lines of the same amount: %w", err)
	}
	if len(others) == maxTwins {
		return maxTwins, nil
	}
	n := 0
	for _, o := range others {
		t, err := b.s.openText(o.id, o.sealed)
		if err != nil {
			return 0, err
		}
		for _, w := range match.Words(t.Text) {
			if w == word {
				n++
			}
		}
	}
	return n, nil
}

// sameAmount reads some items of the same amount, the nearest days first.
func (b *batch) sameAmount(ctx context.Context, c *choices, lines []line, rest []int) error {
	var ids []string
	var cents []int64
	var days []time.Time
	for _, i := range rest {
		if l := lines[i]; len(c.samePayer[l.id]) == 0 && len(c.worded[l.id]) == 0 {
			ids, cents, days = append(ids, l.id), append(cents, int64(l.open())), append(days, l.on)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := b.tx.Query(ctx, `select u.id, `+itemColumns+` from unnest($2::text[], $3::bigint[], $4::date[]) u (id, cents, day)
		cross join lateral (select * from (select * from settlement_items i where i.account_id = $1 and i.amount_cents = abs(u.cents) and i.state <> 'settled'
			and (i.kind = 'refund') = (u.cents < 0) and i.expected_on between u.day - 30 and u.day + 2 limit 50) i
			order by abs(i.expected_on - u.day), i.reference limit $5) i`, b.account.id, ids, cents, days, perLine)
	return b.collect(rows, err, c.sameAmount)
}

// ofDays reads the items of days that have few: a bank may have collected them in one credit.
func (b *batch) ofDays(ctx context.Context, c *choices) error {
	rows, err := b.tx.Query(ctx, `select '', `+itemColumns+` from settlement_items i where account_id = $1 and state <> 'settled' and kind = 'payment'
		and expected_on in (select expected_on from settlement_items where account_id = $1 and state <> 'settled' and kind = 'payment'
			and expected_on >= $2 group by expected_on having count(*) between 2 and 5 order by expected_on desc limit 10)`,
		b.account.id, b.s.clock().AddDate(0, 0, -40))
	found := map[string][]string{}
	err = b.collect(rows, err, found)
	c.ofDays = found[""]
	return err
}

// write stores the decisions. progress: something was matched, which may decide other lines.
func (b *batch) write(ctx context.Context, lines []line) (progress bool, err error) {
	w := &matchRows{at: b.s.clock()}
	for _, l := range lines {
		if err := w.add(l); err != nil {
			return false, err
		}
	}
	if err := w.write(ctx, b.tx); err != nil {
		return false, err
	}
	executed := slices.ContainsFunc(lines, func(l line) bool { return l.subscription != "" })
	if len(w.matches.lines) == 0 {
		return executed, nil
	}
	if err := b.writeItems(ctx); err != nil {
		return false, err
	}
	if err := b.lookAgain(ctx, lines); err != nil {
		return false, err
	}
	return true, b.s.Payments.NoteSeen(ctx, b.tx, b.settled(lines), store.Meta{})
}

// links are rows of matches or suggestions.
type links struct {
	lines, references, rules, evidence []string
	cents                              []int64
	ranks                              []int32
}

func (r *links) add(lineID string, list []match.Link) error {
	for i, k := range list {
		evidence, err := json.Marshal(k.Evidence)
		if err != nil {
			return fmt.Errorf("encode evidence: %w", err)
		}
		r.lines, r.references, r.rules = append(r.lines, lineID), append(r.references, k.Reference), append(r.rules, string(k.Rule))
		r.evidence, r.cents, r.ranks = append(r.evidence, string(evidence)), append(r.cents, int64(k.Cents)), append(r.ranks, int32(i+1))
	}
	return nil
}

// matchRows are the rows that decisions change.
type matchRows struct {
	at time.Time
	// actor and note are of the person who matched by hand; empty: the rules did.
	actor, note          string
	byHand               bool
	ids, states, reasons []string
	subscriptions        []string
	booked               []int64
	matches, suggestions links
}

func (w *matchRows) add(l line) error {
	state, booked := "unmatched", int64(l.booked)
	for _, k := range l.decision.Links {
		booked += int64(k.Cents)
	}
	if l.subscription != "" {
		booked = int64(l.cents)
	}
	switch {
	case booked == int64(max(l.cents, -l.cents)):
		state = "matched"
	case booked > 0:
		state = "partly"
	case len(l.decision.Suggestions) > 0:
		state = "suggested"
	}
	w.ids, w.states, w.reasons, w.booked = append(w.ids, l.id), append(w.states, state), append(w.reasons, l.decision.Reason), append(w.booked, booked)
	w.subscriptions = append(w.subscriptions, l.subscription)
	if err := w.matches.add(l.id, l.decision.Links); err != nil {
		return err
	}
	return w.suggestions.add(l.id, l.decision.Suggestions)
}

func (w *matchRows) write(ctx context.Context, tx pgx.Tx) error {
	b := &pgx.Batch{}
	b.Queue(`update bank_lines l set state = u.state, reason = u.reason, matched_cents = u.booked, updated_at = $5, by_hand = l.by_hand or $6,
			subscription_id = u.subscription
		from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $7::text[]) u (id, state, reason, booked, subscription) where l.id = u.id`,
		w.ids, w.states, w.reasons, w.booked, w.at, w.byHand, w.subscriptions)
	b.Queue(`delete from settlement_suggestions where line_id = any ($1::uuid[])`, w.ids)
	if m := w.matches; len(m.lines) > 0 {
		ids := make([]string, len(m.lines))
		for i := range ids {
			ids[i] = uuid.Must(uuid.NewV7()).String()
		}
		b.Queue(`insert into settlement_matches (id, line_id, reference, amount_cents, rule, evidence, actor, created_at, note)
			select u.id, u.line, u.reference, u.cents, u.rule, u.evidence::jsonb, $7, $8, $9
			from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::text[], $6::text[]) u (id, line, reference, cents, rule, evidence)`,
			ids, m.lines, m.references, m.cents, m.rules, m.evidence, cmp.Or(w.actor, byRule), w.at, w.note)
	}
	if m := w.suggestions; len(m.lines) > 0 {
		b.Queue(`insert into settlement_suggestions (line_id, rank, reference, amount_cents, rule, evidence)
			select u.line, u.rank, u.reference, u.cents, u.rule, u.evidence::jsonb
			from unnest($1::uuid[], $2::integer[], $3::text[], $4::bigint[], $5::text[], $6::text[]) u (line, rank, reference, cents, rule, evidence)`,
			m.lines, m.ranks, m.references, m.cents, m.rules, m.evidence)
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("write matches: %w", err)
	}
	return nil
}

// writeItems stores what is matched of the items that the decisions have linked since the last time.
func (b *batch) writeItems(ctx context.Context) error {
	if len(b.dirty) == 0 {
		return nil
	}
	references, matched := make([]string, 0, len(b.dirty)), make([]int64, 0, len(b.dirty))
	for r := range b.dirty {
		references, matched = append(references, r), append(matched, int64(b.items[r].matched))
	}
	clear(b.dirty)
	return writeMatched(ctx, b.tx, references, matched)
}

// writeMatched stores what of items is matched, and with that whether they are settled. One that is not settled any more, or is
// unsettled, stays in the list of those that are missed; one that is open stays open.
func writeMatched(ctx context.Context, tx pgx.Tx, references []string, matched []int64) error {
	_, err := tx.Exec(ctx, `update settlement_items i set matched_cents = u.matched,
			due_at = case when u.matched = i.amount_cents or i.state <> 'open' then null else i.due_at end,
			state = case when u.matched = i.amount_cents then 'settled' when i.state = 'settled' then 'unsettled' else i.state end
		from unnest($1::text[], $2::bigint[]) u (reference, matched) where i.reference = u.reference`, references, matched)
	if err != nil {
		return fmt.Errorf("write matched payments: %w", err)
	}
	return nil
}

// maxAgain limits how many lines without a payer are looked at again.
const maxAgain = 100

// lookAgainSQL finds lines by the index bank_lines_ambiguous.
const lookAgainSQL = `update bank_lines set state = 'new', updated_at = $5 where id in (
		select l.id from unnest($2::bigint[], $3::bytea[]) u (cents, payer) join bank_lines l on l.account_id = $1 and l.amount_cents = u.cents
		and l.payer_fingerprint = u.payer where l.state = 'suggested' and l.reason = 'ambiguous'
		union all (select id from bank_lines where account_id = $1 and amount_cents = any ($2) and payer_fingerprint is null
		and state = 'suggested' and reason = 'ambiguous' limit $4))`

// lookAgain makes ambiguous lines new whose rivals the decisions took away: those of the same amount and payer as what was linked.
func (b *batch) lookAgain(ctx context.Context, lines []line) error {
	var cents []int64
	var payers [][]byte
	for _, l := range lines {
		for _, k := range l.decision.Links {
			i := b.items[k.Reference]
			amount := int64(i.cents)
			if i.refund {
				amount = -amount
			}
			cents, payers = append(cents, amount, int64(l.cents)), append(payers, i.payer, l.payer)
		}
	}
	_, err := b.tx.Exec(ctx, lookAgainSQL, b.account.id, cents, payers, maxAgain, b.s.clock())
	if err != nil {
		return fmt.Errorf("look again at ambiguous lines: %w", err)
	}
	return nil
}
