package user

import (
	"io/fs"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/crypto/bcrypt"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/hashing"
	"european-pay.eu/eupay/services/gateway/internal/roomtest"
	"european-pay.eu/eupay/services/gateway/migrations"
)

// before are the migrations of before there were sessions.
func before(t *testing.T) fs.FS {
	t.Helper()
	names, err := fs.Glob(migrations.FS, "00[0-2]*.sql")
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	for _, name := range names {
		content, err := fs.ReadFile(migrations.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: content}
	}
	return files
}

// Who was logged in before there were sessions stays so, is verified, and finds what was done in the audit log.
func TestAccountsOfBeforeGoOn(t *testing.T) {
	t.Parallel()
	pool, url := pgtest.New(t, "gateway", before(t))
	f := &fixture{World: &roomtest.World{Pool: pool, Clock: roomtest.Clock()}}
	hash, err := bcrypt.GenerateFromPassword([]byte(roomtest.Password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	now, merchant, user, token := f.Clock.Now(), events.NewID(), events.NewID(), hashing.Token()
	for _, row := range []struct {
		sql  string
		args []any
	}{
		{`insert into merchants (id, name, email, created_at, updated_at) values ($1, 'Café', 'shop@example.com', $2, $2)`, []any{merchant, now}},
		{
			`insert into users (id, email, password_hash, role, merchant_id, created_at) values ($1, 'shop@example.com', $2, 'merchant', $3, $4)`,
			[]any{user, string(hash), merchant, now},
		},
		{
			`insert into refresh_tokens (hash, family, user_id, created_at, expires_at) values ($1, $2, $3, $4, $5)`,
			[]any{hashing.Sum(token), events.NewID(), user, now, now.Add(refreshLife)},
		},
		{`insert into audit_log (at, actor, action, target) values ($1, 'system:seed', 'user.added', $2)`, []any{now, user}},
	} {
		if _, err := pool.Exec(t.Context(), row.sql, row.args...); err != nil {
			t.Fatal(err)
		}
	}
	if err := pg.Migrate(t.Context(), pg.Settings{URL: url, Schema: "gateway"}, migrations.FS); err != nil {
		t.Fatal(err)
	}
	pool.Reset() // its connections have prepared what has changed
	f.open(t)
	f.Clock.Advance(24 * time.Hour)
	s, err := f.Users.Refresh(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	id, err := f.Tokens.Verify(s.Token, Portal)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := f.Users.Present(t.Context(), id); err != nil || p.Unverified || p.HasFactor {
		t.Errorf("present as %+v, %v", p, err)
	}
	if list, _, err := audit.NewLog(f.Pool, f.Clock.Now).List(t.Context(), merchant, 0, 10); err != nil || len(list) != 1 || list[0].Action != "user.added" {
		t.Errorf("the log is %v, %v", list, err)
	}
	if _, err := pool.Exec(t.Context(), `delete from audit_log`); err == nil {
		t.Error("the log can be changed")
	}
	f.Users.verification = true
	if _, err := f.login(t, "shop@example.com", roomtest.Password); err != nil {
		t.Error(err)
	}
}
