package main

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/services/payments/migrations"
)

// sick makes the tool find a database of payments, in which a statement was run.
func sick(t *testing.T, statement string) {
	t.Helper()
	url := pgtest.Database(t, "payments", migrations.FS)
	t.Setenv("EUPAY_DATABASE_URL", url)
	db, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	if _, err := db.Exec(t.Context(), `set search_path = payments; `+statement); err != nil {
		t.Fatal(err)
	}
}

const (
	event = `insert into outbox (event_id, event_type, source, merchant_id, livemode, occurred_at, data)
		values (gen_random_uuid(), 'payment.completed', 'payments', 'm_1', false, now() - interval '1 hour', '')`
	due = `insert into bank_refreshes (livemode, due_at) values (false, now() - interval '1 day')`
)

// TestTheDoctorSaysWhatIsWrong, and its exit code tells scripts.
func TestTheDoctorSaysWhatIsWrong(t *testing.T) {
	b := broker(t)
	for name, c := range map[string]struct{ statement, want string }{
		"event":   {event, "1 rows of payments.outbox wait, the oldest for 1h0m"},
		"due row": {due, "payments.bank_refreshes wait"},
		"leader":  {`insert into leadership values ('outbox:payments', 'gone', 1, now() - interval '2 minutes')`, `nobody does "outbox:payments" of payments for 2m`},
		"older":   {`delete from goose_db_version where version_id = (select max(version_id) from goose_db_version)`, "its service migrates it when it starts, or eupayctl database migrate does"},
		"newer":   {`insert into goose_db_version (version_id, is_applied) values (9999, true)`, "has version 9999 and this tool knows only"},
	} {
		sick(t, c.statement)
		got := eupayctl(t, "doctor")
		if got.code != exitFailed {
			t.Errorf("%s: ended with %d", name, got.code)
		}
		contains(t, got.out, c.want, "clock", "of 300 are used", "certificate")
	}
	sick(t, `select 1`)
	park(t, b, "slow", emit(t, b, "payment.completed", "m_1"))
	emit(t, b, "payment.completed", "m_1")
	got := eupayctl(t, "doctor", "--max-lag", "1")
	contains(t, got.out, "1 messages were given up", "slow is 2 messages behind", "nothing waits for longer than 5m0s", "the consumer webhooks on EUPAY_EVENTS is missing")
	contains(t, got.err, "things are wrong")
	t.Setenv("EUPAY_DATABASE_URL", "postgres://nobody:s3cret@127.0.0.1:1/x")
	if got = eupayctl(t, "doctor"); got.code != exitFailed {
		t.Errorf("without a database it ends with %d", got.code)
	}
	contains(t, got.out, "cannot be reached", "lag")
}

func TestLeadersAreListed(t *testing.T) {
	sick(t, `insert into leadership values ('sweep', 'node-1/7/x', 3, now() + interval '4 seconds'), ('outbox:payments', 'gone', 1, now() - interval '2 minutes')`)
	contains(t, ok(t, "leaders"), "node-1/7/x", "over for 2m")
	contains(t, ok(t, "leaders", "-o", "json"), `"job":"sweep"`, `"epoch":3`)
}
