package settlement

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/outbox"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/settlement/match"
)

// change is a change of an account that is announced.
type change struct {
	state, event, reason string
	warnings             int
	due                  *time.Time
}

// changeAccount makes a change, unless the account was changed since it was claimed.
func (s *Settlement) changeAccount(ctx context.Context, a account, c change) error {
	err := pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `update receiving_accounts set state = $3, warnings = $4, due_at = coalesce($5, due_at), sequence = sequence + 1
			where id = $1 and sequence = $2 and state in ('connected', 'disconnected')`, a.id, a.sequence, c.state, c.warnings, c.due)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		now := s.clock()
		body := &eventsv1.ReceivingAccountChanged{
			AccountId: a.id, MerchantId: a.owner.ID, Livemode: a.Livemode, BankName: a.bank, IbanMasked: a.masked, State: c.state, Reason: c.reason,
			Sequence: a.sequence + 1, OccurredAt: timestamppb.New(now),
		}
		if a.consentEnds != nil {
			body.ConsentEndsAt = timestamppb.New(*a.consentEnds)
		}
		data, err := proto.Marshal(body)
		if err != nil {
			return err
		}
		return outbox.Add(ctx, tx, events.Event{
			ID: events.NewID(), Type: c.event, Source: "payments", Merchant: a.owner.ID, Livemode: a.Livemode, Time: now, Data: data,
		})
	})
	if err != nil {
		return fmt.Errorf("change receiving account %s: %w", a.id, err)
	}
	s.Wake()
	return nil
}

// renewed records that a consent works, and until when if the provider says so.
func (s *Settlement) renewed(ctx context.Context, a account, ends time.Time) error {
	until := a.consentEnds
	if !ends.IsZero() {
		until = &ends
	}
	if a.state == disconnected && (until == nil || !until.After(s.clock())) {
		later := s.clock().AddDate(0, 0, s.ConsentDays)
		until = &later
	}
	_, err := s.Pool.Exec(ctx, `update receiving_accounts set state = 'connected', consent_ends_at = $2,
			warnings = case when consent_ends_at is null or $2 > consent_ends_at + interval '1 day' then 0 else warnings end
		where id = $1 and state in ('connected', 'disconnected')`, a.id, until)
	if err != nil {
		return fmt.Errorf("renew receiving account %s: %w", a.id, err)
	}
	return nil
}

func (s *Settlement) postpone(ctx context.Context, a account, until time.Time) error {
	_, err := s.Pool.Exec(ctx, `update receiving_accounts set due_at = $2 where id = $1 and due_at is not null and due_at > $3`, a.id, until, s.clock())
	if err != nil {
		return fmt.Errorf("postpone receiving account %s: %w", a.id, err)
	}
	return nil
}

// record stores a page of lines and how far the account is read, in one transaction. ours is false if the account has another
// connection meanwhile, or is being removed; then nothing is written.
func (s *Settlement) record(ctx context.Context, a account, page recorded) (ours bool, err error) {
	err = pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		now, err := lockAccount(ctx, tx, a.id)
		if err != nil {
			return err
		}
		if ours = now.generation == a.generation && (now.state == connected || now.state == disconnected); !ours {
			return nil
		}
		if err := s.recordLines(ctx, tx, a, page.lines); err != nil {
			return err
		}
		return s.recordPosition(ctx, tx, a, page)
	})
	if err != nil {
		return false, fmt.Errorf("record lines of receiving account %s: %w", a.id, err)
	}
	return ours, nil
}

func (s *Settlement) recordPosition(ctx context.Context, tx pgx.Tx, a account, page recorded) error {
	now := s.clock()
	if !page.more {
		_, err := tx.Exec(ctx, `update receiving_accounts set read_from = $2, read_next = null, read_offset = 0, read_at = $3, due_at = $4 where id = $1`,
			a.id, page.next, now, s.nextLook())
		return err
	}
	due := now.Add(readLease)
	if page.turnEnds {
		due = now
	}
	_, err := tx.Exec(ctx, `update receiving_accounts set read_next = $2, read_offset = $3, due_at = $4 where id = $1`, a.id, page.next, a.readOffset, due)
	return err
}

// known is a line that was recorded before.
type known struct {
	id, providerID, state string
	cents, matched        money.Cents
	on                    time.Time
	content               []byte
	generation            int
}

// recordLines inserts the lines that are new and changes those that the bank changed.
func (s *Settlement) recordLines(ctx context.Context, tx pgx.Tx, a account, lines []powens.BankLine) error {
	lines = newestOfEach(lines)
	ids := make([]string, len(lines))
	for i, l := range lines {
		ids[i] = l.ID
	}
	old, err := knownLines(ctx, tx, a, ids)
	if err != nil {
		return err
	}
	if a.generation > 1 {
		if err := s.adopt(ctx, tx, a, lines, old); err != nil {
			return err
		}
	}
	var fresh []powens.BankLine
	for _, l := range lines {
		k, ok := old[l.ID]
		switch {
		case ok:
			if err := s.changeLine(ctx, tx, a, k, l); err != nil {
				return err
			}
		case !l.Deleted:
			fresh = append(fresh, l)
		}
	}
	return s.insertLines(ctx, tx, a, fresh)
}

// newestOfEach leaves one of the lines with the same id, which a page has if the list moved while it was made.
func newestOfEach(lines []powens.BankLine) []powens.BankLine {
	at, out := make(map[string]int, len(lines)), make([]powens.BankLine, 0, len(lines))
	for _, l := range lines {
		i, twice := at[l.ID]
		if !twice {
			at[l.ID] = len(out)
			out = append(out, l)
		} else if !l.Updated.Before(out[i].Updated) {
			out[i] = l
		}
	}
	return out
}

func knownLines(ctx context.Context, tx pgx.Tx, a account, ids []string) (map[string]known, error) {
	rows, err := tx.Query(ctx, `select id::text, provider_id, state, amount_cents, matched_cents, booked_on, content_hash, generation
		from bank_lines where account_id = $1 and provider_id = any ($2) for update`, a.id, ids)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, scanKnown)
	if err != nil {
		return nil, err
	}
	old := make(map[string]known, len(list))
	for _, k := range list {
		old[k.providerID] = k
	}
	return old, nil
}

func scanKnown(row pgx.CollectableRow) (k known, err error) {
	return k, row.Scan(&k.id, &k.providerID, &k.state, &k.cents, &k.matched, &k.on, &k.content, &k.generation)
}

// content is everything that the bank says of a line.
func content(l powens.BankLine) string {
	return textOf(l).content(l.On.Format(time.DateOnly), strconv.FormatInt(int64(l.Cents), 10))
}

// content is everything that the bank says of the line that has the text, given its day and its cents.
func (t text) content(day, cents string) string {
	return fmt.Sprintf("%s %s\x00%s\x00%s\x00%s", day, cents, t.Text, t.Name, t.IBAN)
}

// adopt finds the lines of a new connection that were recorded of an earlier one, where they had other numbers: the same day, amount
// and text. Each is adopted once, so that two equal lines of one day stay two.
func (s *Settlement) adopt(ctx context.Context, tx pgx.Tx, a account, lines []powens.BankLine, old map[string]known) error {
	var hashes [][]byte
	byHash := map[string][]string{} // provider ids by content
	for _, l := range lines {
		if _, ok := old[l.ID]; ok || l.Deleted {
			continue
		}
		for _, h := range s.consents.Hashes(content(l)) {
			hashes = append(hashes, h)
			byHash[string(h)] = append(byHash[string(h)], l.ID)
		}
	}
	rows, err := tx.Query(ctx, `select id::text, provider_id, state, amount_cents, matched_cents, booked_on, content_hash, generation
		from bank_lines where account_id = $1 and generation < $2 and content_hash = any ($3) and state <> 'gone' order by recorded_at, id for update`,
		a.id, a.generation, hashes)
	if err != nil {
		return err
	}
	list, err := pgx.CollectRows(rows, scanKnown)
	if err != nil {
		return err
	}
	for _, k := range list {
		free := slices.DeleteFunc(byHash[string(k.content)], func(id string) bool { _, taken := old[id]; return taken })
		if len(free) == 0 {
			continue
		}
		if _, err := tx.Exec(ctx, `update bank_lines set provider_id = $2, generation = $3 where id = $1`, k.id, free[0], a.generation); err != nil {
			return err
		}
		old[free[0]] = k
	}
	return nil
}

// insertLines inserts lines that are new. Those that are booked wait to be matched.
func (s *Settlement) insertLines(ctx context.Context, tx pgx.Tx, a account, lines []powens.BankLine) error {
	if len(lines) == 0 {
		return nil
	}
	now := s.clock()
	rows := make([]lineRow, len(lines))
	for i, l := range lines {
		rows[i] = s.lineRow(uuid.Must(uuid.NewV7()).String(), l)
	}
	_, err := tx.Exec(ctx, `insert into bank_lines (id, account_id, merchant_id, livemode, provider_id, generation, amount_cents, booked_on, state,
			refs, text_key_id, text_sealed, payer_fingerprint, content_hash, recorded_at, updated_at)
		select u.id, $1, $2, $3, u.provider_id, $4, u.cents, u.booked_on, u.state, string_to_array(u.refs, ' '), u.key_id, u.sealed, u.payer, u.content, $5, $5
		from unnest($6::uuid[], $7::text[], $8::bigint[], $9::date[], $10::text[], $11::text[], $12::text[], $13::bytea[], $14::bytea[], $15::bytea[])
			u (id, provider_id, cents, booked_on, state, refs, key_id, sealed, payer, content)`,
		a.id, a.owner.ID, a.Livemode, a.generation, now,
		column(rows, func(r lineRow) string { return r.id }), column(rows, func(r lineRow) string { return r.line.ID }),
		column(rows, func(r lineRow) int64 { return int64(r.line.Cents) }), column(rows, func(r lineRow) time.Time { return r.line.On }),
		column(rows, func(r lineRow) string { return r.state }), column(rows, func(r lineRow) string { return r.refs }),
		column(rows, func(r lineRow) string { return r.keyID }), column(rows, func(r lineRow) []byte { return r.sealed }),
		column(rows, func(r lineRow) []byte { return r.payer }), column(rows, func(r lineRow) []byte { return r.content }))
	if err != nil {
		return err
	}
	return s.wantMatching(ctx, tx, a.id)
}

// lineRow is a line as it is stored.
type lineRow struct {
	line                   powens.BankLine
	id, state, refs, keyID string
	sealed, payer, content []byte
}

func (s *Settlement) lineRow(id string, l powens.BankLine) lineRow {
	t := textOf(l)
	plain, _ := json.Marshal(t) // texts always encode
	sealed := s.Vault.Seal(string(plain), lineOwner(id))
	r := lineRow{line: l, id: id, state: "new", keyID: sealed.KeyID, sealed: sealed.Data, content: s.consents.Hash(content(l))}
	r.payer = s.payerOf(t)
	if l.Coming {
		r.state = "coming"
	}
	for _, ref := range match.References(t.Text) {
		if r.refs != "" {
			r.refs += " "
		}
		r.refs += ref
	}
	return r
}

// payerOf is the fingerprint of the other account; nil if the bank does not name it.
func (s *Settlement) payerOf(t text) []byte {
	if t.IBAN == "" {
		return nil
	}
	return s.consents.Hash(t.IBAN)
}

// unsealed reads a text that was decrypted; one that cannot be read is empty.
func unsealed(plain string) (t text) {
	if json.Unmarshal([]byte(plain), &t) != nil {
		return text{}
	}
	return t
}

// column is one column of rows.
func column[R, V any](rows []R, of func(R) V) []V {
	list := make([]V, len(rows))
	for i, r := range rows {
		list[i] = of(r)
	}
	return list
}

// changeLine applies what the bank changed of a line. A match is undone if the line is gone or is for another amount; a text that is
// changed is only looked at again.
func (s *Settlement) changeLine(ctx context.Context, tx pgx.Tx, a account, k known, l powens.BankLine) error {
	sameText := len(k.content) == 0 || slices.ContainsFunc(s.consents.Hashes(content(l)), func(h []byte) bool { return bytes.Equal(h, k.content) })
	sameMoney := l.Cents == k.cents && l.On.Equal(k.on)
	switch {
	case l.Deleted && k.state == "gone", !l.Deleted && sameText && sameMoney && k.state != "gone" && l.Coming == (k.state == "coming"):
		return nil
	case l.Deleted:
		return s.goneLine(ctx, tx, k)
	}
	if l.Cents != k.cents {
		if err := s.undoAll(ctx, tx, k.id, "the bank changed the amount"); err != nil {
			return err
		}
	}
	r := s.lineRow(k.id, l)
	if len(k.content) == 0 { // the text was removed after its retention, and stays so
		r.keyID, r.sealed, r.payer, r.content = "", nil, nil, []byte{}
	}
	_, err := tx.Exec(ctx, `update bank_lines set amount_cents = $2, booked_on = $3, text_key_id = nullif($4, ''), text_sealed = $5, payer_fingerprint = $6,
			content_hash = $7, refs = string_to_array($8, ' '), updated_at = $9, state = case when matched_cents > 0 then state else $10 end,
			reason = case when matched_cents > 0 then reason else '' end
		where id = $1`, k.id, int64(l.Cents), l.On, r.keyID, r.sealed, r.payer, r.content, r.refs, s.clock(), r.state)
	if err != nil {
		return err
	}
	what := "changed"
	if k.state == "coming" && !l.Coming {
		what = "booked"
	}
	if err := s.noteChange(ctx, tx, k.id, what); err != nil {
		return err
	}
	return s.wantMatching(ctx, tx, a.id)
}

// goneLine records that the bank took a line back.
func (s *Settlement) goneLine(ctx context.Context, tx pgx.Tx, k known) error {
	if err := s.undoAll(ctx, tx, k.id, "the bank took the line back"); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `delete from settlement_suggestions where line_id = $1`, k.id); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `update bank_lines set state = 'gone', reason = '', updated_at = $2 where id = $1`, k.id, s.clock()); err != nil {
		return err
	}
	return s.noteChange(ctx, tx, k.id, "gone")
}

func (s *Settlement) noteChange(ctx context.Context, tx pgx.Tx, lineID, what string) error {
	_, err := tx.Exec(ctx, `insert into bank_line_changes (line_id, occurred_at, what) values ($1, $2, $3)`, lineID, s.clock(), what)
	return err
}

// wantMatching makes an account due to be matched. The caller has locked its row or does so now.
func (s *Settlement) wantMatching(ctx context.Context, tx pgx.Tx, accountID string) error {
	_, err := tx.Exec(ctx, `update receiving_accounts set match_due_at = $2
		where id = $1 and (match_due_at is null or match_due_at > $2) and state in ('connected', 'disconnected')`, accountID, s.clock())
	return err
}

// removeTexts removes the texts of lines that were booked longer ago than the retention. Amounts and matches stay.
func (s *Settlement) removeTexts(ctx context.Context) error {
	const atOnce = 1000
	before := s.clock().AddDate(0, 0, -s.TextDays)
	for {
		tag, err := s.Pool.Exec(ctx, `update bank_lines set text_key_id = null, text_sealed = null, payer_fingerprint = null, content_hash = ''
			where id in (select id from bank_lines where booked_on < $1 and text_sealed is not null limit $2 for update skip locked)`, before, atOnce)
		if err != nil {
			return fmt.Errorf("remove texts of bank lines: %w", err)
		}
		if tag.RowsAffected() < atOnce {
			break
		}
	}
	_, err := s.Pool.Exec(ctx, `update settlement_items set payer_key_id = null, payer_sealed = null, payer_fingerprint = null
		where reference in (select reference from settlement_items where expected_on < $1 and payer_sealed is not null limit $2)`, before, atOnce)
	if err != nil {
		return fmt.Errorf("remove payers of expected payments: %w", err)
	}
	return nil
}

// lookAgain matches lines anew whose payment had not ended when they came.
func (s *Settlement) lookAgain(ctx context.Context) error {
	now := s.clock()
	err := pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select id::text from receiving_accounts where state in ('connected', 'disconnected') and id in (select account_id from bank_lines
			where state = 'unmatched' and reason = 'payment_open' and updated_at < $1) order by id for update`, now.Add(-time.Hour))
		if err != nil {
			return err
		}
		accounts, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil || len(accounts) == 0 {
			return err
		}
		b := &pgx.Batch{}
		b.Queue(`update bank_lines set state = 'new', updated_at = $2 where state = 'unmatched' and reason = 'payment_open' and updated_at < $1
			and account_id = any ($3::uuid[])`, now.Add(-time.Hour), now, accounts)
		b.Queue(`update receiving_accounts set match_due_at = $1 where id = any ($2::uuid[]) and (match_due_at is null or match_due_at > $1)`, now, accounts)
		return tx.SendBatch(ctx, b).Close()
	})
	if err != nil {
		return fmt.Errorf("look again at bank lines: %w", err)
	}
	return nil
}
