package postbox

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/pg"
)

// Add queues a mail in the transaction of its cause; one with the ID of a known mail is that mail. It sets the ID and the Language where they are empty: French if the
// recipient belongs to a merchant that is registered or has its account in France, or gets the mail for one, otherwise English. Nobody has stored a language.
func Add(ctx context.Context, tx pg.DB, m Mail) error {
	if m.Detail == nil {
		m.Detail = map[string]string{}
	}
	detail, err := json.Marshal(m.Detail)
	if err != nil {
		return fmt.Errorf("encode mail: %w", err)
	}
	_, err = tx.Exec(ctx, `insert into mails (id, kind, recipient, user_id, language, detail, created_at, due_at, forget)
		values ($1, $2, $3, nullif($4, '')::uuid, case when $5 <> '' then $5 when exists (
			select 1 from users u join merchants m on m.id = u.merchant_id
			where (u.id = nullif($4, '')::uuid or ($4 = '' and lower(u.email) = $3 and u.unverified_since is null and u.removed_at is null))
			and (m.siren <> '' or m.iban like 'FR%')) or exists (
			select 1 from merchants m where m.id = nullif($8, '')::uuid and (m.siren <> '' or m.iban like 'FR%')) then 'fr' else 'en' end, $6, $7, $7, $9)
		on conflict (id) do nothing`,
		cmp.Or(m.ID, events.NewID()), m.Kind, m.To, m.UserID, m.Language, string(detail), m.CreatedAt, m.MerchantID, m.Forget)
	if err != nil {
		return fmt.Errorf("queue mail: %w", err)
	}
	return nil
}

// claim claims due mails. They are due again after 1, 2, 4, … minutes, later after an hour each time, so a worker that dies loses
// none. That is longer than an attempt may take.
func claim(ctx context.Context, db pg.DB, now time.Time, limit int) ([]Mail, error) {
	rows, err := db.Query(ctx, `update mails set attempts = attempts + 1, due_at = $1 + least(interval '1 minute' * power(2, least(attempts, 6)), interval '1 hour')
		where id in (select id from mails where done_at is null and due_at <= $1 order by due_at limit $2 for update skip locked)
		returning id::text, kind, recipient, coalesce(user_id::text, ''), language, detail, created_at`, now, limit)
	if err != nil {
		return nil, fmt.Errorf("claim mails: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (m Mail, err error) {
		return m, r.Scan(&m.ID, &m.Kind, &m.To, &m.UserID, &m.Language, &m.Detail, &m.CreatedAt)
	})
}

// forgotten are the columns of a mail that is to be forgotten with its end.
const forgotten = `recipient = case when forget then '' else recipient end, detail = case when forget then '{}' else detail end`

// finish records the end of a mail.
func finish(ctx context.Context, db pg.DB, id, outcome, problem string, now time.Time) error {
	_, err := db.Exec(ctx, `update mails set done_at = $2, outcome = $3, last_error = $4, `+forgotten+` where id = $1 and done_at is null`, id, now, outcome, problem)
	if err != nil {
		return fmt.Errorf("finish mail: %w", err)
	}
	return nil
}

// fail records why a mail was not sent. When it is due again was decided by claim.
func fail(ctx context.Context, db pg.DB, id, problem string) error {
	if _, err := db.Exec(ctx, `update mails set last_error = $2 where id = $1 and done_at is null`, id, problem); err != nil {
		return fmt.Errorf("note the failure of a mail: %w", err)
	}
	return nil
}

// waiting returns the number of unfinished mails and the time of the oldest.
func waiting(ctx context.Context, db pg.DB) (n int64, oldest *time.Time, err error) {
	if err := db.QueryRow(ctx, `select count(*), min(created_at) from mails where done_at is null`).Scan(&n, &oldest); err != nil {
		return 0, nil, fmt.Errorf("count mails: %w", err)
	}
	return n, oldest, nil
}

// Purge deletes mails some days after their end, and gives up those that are to be forgotten and could not be sent.
func Purge(ctx context.Context, db pg.DB, now time.Time) error {
	_, err := db.Exec(ctx, `update mails set done_at = $1, outcome = 'void', `+forgotten+` where done_at is null and forget and created_at < $2`, now, now.Add(-trial))
	if err != nil {
		return fmt.Errorf("give up mails: %w", err)
	}
	if _, err := db.Exec(ctx, `delete from mails where done_at < $1`, now.Add(-keep)); err != nil {
		return fmt.Errorf("purge mails: %w", err)
	}
	return nil
}

// trial is how long it is tried to send a mail that is to be forgotten.
const trial = 24 * time.Hour

// keep is how long finished mails are kept.
const keep = 7 * 24 * time.Hour
