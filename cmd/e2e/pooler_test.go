package e2e

import (
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/internal/kit/pgbouncertest"
)

// TestTheSystemWorksBehindPgBouncerInTransactionMode, with two replicas of each service: one of the two did not start. The pooler
// has three connections of the server for each service, and the replicas share them.
func TestTheSystemWorksBehindPgBouncerInTransactionMode(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t, map[string]string{"EUPAY_DATABASE_CONNS": "0"})
	sys, err := system.Load(w.options.Dir, system.Ports{})
	if err != nil {
		t.Fatal(err)
	}
	sys.DatabaseURL = w.options.DatabaseURL
	passwords := make(map[string]string)
	for _, service := range system.Names {
		u, err := url.Parse(sys.ServiceDatabaseURL(service))
		if err != nil {
			t.Fatal(err)
		}
		passwords[u.User.Username()], _ = u.User.Password()
	}
	const perService = 3
	w.options.Pooler = pgbouncertest.Start(t, pgbouncertest.Options{
		Server: w.options.DatabaseURL, Passwords: passwords, Mode: "transaction", PoolSize: perService,
	})
	w.start(t)
	t.Cleanup(func() { w.stack.Stop() })
	for _, service := range system.Names {
		stop, err := w.stack.Replica(t.Context(), service)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stop)
	}
	m := w.newMerchant(t)
	p := m.paid(t, object{"reference": "ORDER-1"})
	if _, told := m.refund(t, p, `{"amount":1}`); told.body.Data.Reference == "" {
		t.Error("the refund is not announced")
	}
	if o := m.sells(t, "3.5", 10).order(t, 2); o.Payment.PaymentURL == "" {
		t.Errorf("the order is %+v", o)
	}
	m.paid(t, nil)
	if got := m.get(t, p.Reference); got.AmountRefunded != 1_00 {
		t.Errorf("the payment is %+v", got)
	}
	db, err := pgx.Connect(t.Context(), w.options.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close(t.Context()) })
	var most int
	err = db.QueryRow(t.Context(), `select coalesce(max(n), 0) from (select count(*) n from pg_stat_activity
		where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend' group by usename) s`).Scan(&most)
	if err != nil || most > perService {
		t.Errorf("%d connections of one service, %v", most, err)
	}
}
