package user

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/gateway/internal/device"
)

// Login is a session of a user: one login on one device.
type Login struct {
	ID     string
	UserID string
	// UserAgent and IP are those of the login; the zero Addr when they are not known.
	UserAgent string
	IP        netip.Addr
	CreatedAt time.Time
	// LastUsedAt is right to the life of an access token.
	LastUsedAt time.Time
	// Ends is the absolute end.
	Ends time.Time
	// ProvenAt is when the user last gave a password or a second factor.
	ProvenAt time.Time
}

const loginColumns = `s.id::text, s.user_id::text, s.user_agent, s.ip, s.created_at, s.last_used_at, s.expires_at, s.proven_at`

func scanLogin(r pgx.CollectableRow) (Login, error) {
	var l Login
	var ip *netip.Addr
	err := r.Scan(&l.ID, &l.UserID, &l.UserAgent, &ip, &l.CreatedAt, &l.LastUsedAt, &l.Ends, &l.ProvenAt)
	if ip != nil {
		l.IP = *ip
	}
	return l, err
}

func insertLogin(ctx context.Context, tx pg.DB, l Login, from device.Device) error {
	_, err := tx.Exec(ctx, `insert into sessions (id, user_id, created_at, last_used_at, expires_at, proven_at, user_agent, ip)
		values ($1, $2, $3, $3, $4, $3, $5, $6)`, l.ID, l.UserID, l.CreatedAt, l.Ends, from.Agent(), from.Address())
	if err != nil {
		return fmt.Errorf("insert session: %w", err)
	}
	return nil
}

// adoptLogin makes the session of a login that began on a version that had none.
func adoptLogin(ctx context.Context, tx pg.DB, t refreshToken, now time.Time) error {
	_, err := tx.Exec(ctx, `insert into sessions (id, user_id, created_at, last_used_at, expires_at, proven_at)
		values ($1, $2, $3, $3, $4, $3) on conflict (id) do nothing`, t.Family, t.UserID, now, t.Ends)
	if err != nil {
		return fmt.Errorf("adopt session: %w", err)
	}
	return nil
}

// useLogin notes the use of a session that is not over, and returns its absolute end; false when it is over.
func useLogin(ctx context.Context, tx pg.DB, id string, now time.Time) (ends time.Time, ok bool, err error) {
	err = tx.QueryRow(ctx, `update sessions set last_used_at = $2 where id = $1 and ended_at is null and expires_at > $2 returning expires_at`, id, now).
		Scan(&ends)
	if errors.Is(err, pgx.ErrNoRows) {
		return time.Time{}, false, nil
	}
	if err != nil {
		return time.Time{}, false, fmt.Errorf("use session: %w", err)
	}
	return ends, true, nil
}

// endLogins ends sessions of a user and everything refreshed from them, and reports how many: the one of that id, all but the one
// of that id, or all of them for an empty id.
func endLogins(ctx context.Context, tx pg.DB, userID, only, except string, now time.Time) (int64, error) {
	tag, err := tx.Exec(ctx, `update sessions set ended_at = $4 where user_id = $1 and ended_at is null and expires_at > $4
		and ($2 = '' or id = nullif($2, '')::uuid) and ($3 = '' or id <> nullif($3, '')::uuid)`, userID, only, except, now)
	if err != nil {
		return 0, fmt.Errorf("end sessions: %w", err)
	}
	_, err = tx.Exec(ctx, `delete from refresh_tokens where user_id = $1 and ($2 = '' or family = nullif($2, '')::uuid)
		and ($3 = '' or family <> nullif($3, '')::uuid)`, userID, only, except)
	if err != nil {
		return 0, fmt.Errorf("delete refresh tokens: %w", err)
	}
	return tag.RowsAffected(), nil
}

// listLogins returns the user's sessions that are not over, the newest first. They are few: an absolute end bounds them.
func listLogins(ctx context.Context, db pg.DB, userID string, now time.Time) ([]Login, error) {
	rows, err := db.Query(ctx, `select `+loginColumns+` from sessions s where s.user_id = $1 and s.ended_at is null and s.expires_at > $2
		order by s.created_at desc, s.id desc limit $3`, userID, now, maxLogins)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanLogin)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return list, nil
}

// isNewDevice reports whether the user has logged in before, but never with that browser. The network does not count: it changes with
// every phone that leaves the shop.
func isNewDevice(ctx context.Context, db pg.DB, userID string, from device.Device) (isNew bool, err error) {
	err = db.QueryRow(ctx, `select exists (select from sessions where user_id = $1)
		and not exists (select from sessions where user_id = $1 and user_agent = $2)`, userID, from.Agent()).Scan(&isNew)
	if err != nil {
		return false, fmt.Errorf("look for the device: %w", err)
	}
	return isNew, nil
}

// purgeLogins keeps what is over for keepLogins, by which a device is known again.
func purgeLogins(ctx context.Context, db pg.DB, now time.Time) error {
	if _, err := db.Exec(ctx, `delete from sessions where expires_at < $1`, now.Add(-keepLogins)); err != nil {
		return fmt.Errorf("purge sessions: %w", err)
	}
	return nil
}

// readPresence answers pgx.ErrNoRows when the session has ended, or the account is gone or disabled.
func readPresence(ctx context.Context, db pg.DB, id Identity, now time.Time) (Presence, error) {
	var p Presence
	err := db.QueryRow(ctx, `select `+userColumns+`, s.id::text, s.proven_at,
		exists (select from factors f where f.user_id = u.id and f.confirmed_at is not null),
		exists (select from passkeys p where p.user_id = u.id), m.reads_per_minute, m.writes_per_minute
		from users u join sessions s on s.user_id = u.id left join merchants m on m.id = u.merchant_id
		where u.id = $1 and s.id = $2 and s.ended_at is null and s.expires_at > $3 and not u.disabled`, id.UserID, id.SessionID, now).
		Scan(append(userFields(&p.User), &p.SessionID, &p.ProvenAt, &p.HasApp, &p.HasPasskey, &p.Reads, &p.Writes)...)
	p.HasFactor = p.HasApp || p.HasPasskey
	return p, err
}
