package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/internal/run/bus"
)

// broker controls the broker like an operator.
func (w *world) broker(t *testing.T) jetstream.JetStream {
	t.Helper()
	nc, err := w.stack.System().DialNATS(nats.MaxReconnects(-1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// repeating are settings for shops that repeat what is not answered soon: while the broker or the database is away, nothing answers.
var repeating = map[string]string{"EUPAY_CREATE_DEADLINE": "5s"}

// tries creates a payment like a shop that repeats requests after a 503.
func (m *merchant) tries(t *testing.T, reference string) payment {
	t.Helper()
	var p payment
	body := m.order(object{"reference": reference})
	eventually(t, "a payment can be made", func() bool {
		a, err := m.api.try(http.MethodPost, "/gateway/payments", body)
		if err != nil || a.status != http.StatusCreated && a.status != http.StatusOK {
			return false
		}
		p = mustData[payment](t, a, a.status)
		return p.PaymentURL != ""
	})
	return p
}

// TestALostConsumerOrStreamComesBackByItself: payments were completed without any webhook, or could not be created any more,
// while every service reported that it was ready.
func TestALostConsumerOrStreamComesBackByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t, repeating)
	m, js := w.newMerchant(t), w.broker(t)
	for stream, consumer := range map[string]string{bus.Events: "webhooks", bus.Replay: "webhooks", bus.Commands: "payments"} {
		if err := js.DeleteConsumer(t.Context(), stream, consumer); err != nil {
			t.Fatal(err)
		}
	}
	p := m.tries(t, "ORDER-1")
	w.bank().authorise(t, p.Reference, object{})
	m.site.next(t, "payment.completed", p.Reference)
	for _, stream := range []string{bus.Commands, bus.Events, bus.Replay, bus.DeadLetter} {
		if err := js.DeleteStream(t.Context(), stream); err != nil {
			t.Fatal(err)
		}
	}
	p = m.tries(t, "ORDER-2")
	w.bank().authorise(t, p.Reference, object{})
	m.site.next(t, "payment.completed", p.Reference)
}

// TestNoWebhookIsLostWithTheBrokersDisk: the payment was completed while webhooks was stopped, so only the broker had its event.
func TestNoWebhookIsLostWithTheBrokersDisk(t *testing.T) {
	t.Parallel()
	w := newWorld(t, repeating)
	m, js := w.newMerchant(t), w.broker(t)
	p := m.tries(t, "ORDER-1")
	w.stack.StopService(system.Webhooks)
	w.bank().authorise(t, p.Reference, object{})
	eventually(t, "the broker has the event", func() bool {
		s, err := js.Stream(t.Context(), bus.Events)
		if err != nil {
			return false
		}
		_, err = s.GetLastMsgForSubject(t.Context(), "eupay.evt.test.payment.completed."+m.ID)
		return err == nil
	})
	w.stack.KillNATS()
	if err := os.RemoveAll(filepath.Join(w.options.Dir, "nats")); err != nil {
		t.Fatal(err)
	}
	if err := w.stack.StartNATS(); err != nil {
		t.Fatal(err)
	}
	if err := w.stack.StartService(t.Context(), system.Webhooks); err != nil {
		t.Fatal(err)
	}
	m.site.next(t, "payment.completed", p.Reference)
	again := m.tries(t, "ORDER-2")
	w.bank().authorise(t, again.Reference, object{})
	m.site.next(t, "payment.completed", again.Reference)
}

// sql runs statements on their own connection, to whichever server is there.
func (w *world) sql(t *testing.T, statements ...string) {
	t.Helper()
	url := w.options.DatabaseURL
	db, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	for _, s := range statements {
		if _, err := db.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// TestADatabaseThatIsReadOnlyForAWhileParksNothing, as in a failover: valid events became dead letters, and completed payments
// were never announced.
func TestADatabaseThatIsReadOnlyForAWhileParksNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, repeating)
	m, js := w.newMerchant(t), w.broker(t)
	var open []payment
	for n := range 5 {
		open = append(open, m.tries(t, fmt.Sprint("ORDER-", n)))
	}
	const setting = `do $$ begin execute format('alter database %I SETTING', current_database()); end $$`
	const drop = `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`
	w.sql(t, strings.Replace(setting, "SETTING", "set default_transaction_read_only = on", 1), drop)
	for _, p := range open {
		w.bank().authorise(t, p.Reference, object{})
	}
	eventually(t, "no payment can be made", func() bool {
		a, err := m.api.try(http.MethodPost, "/gateway/payments", m.order(object{"reference": "ORDER-X"}))
		return err != nil || a.status >= http.StatusInternalServerError
	})
	w.sql(t, `set default_transaction_read_only = off`, strings.Replace(setting, "SETTING", "reset default_transaction_read_only", 1), drop)
	for _, p := range open {
		m.site.next(t, "payment.completed", p.Reference)
	}
	m.tries(t, "ORDER-Y")
	s, err := js.Stream(t.Context(), bus.DeadLetter)
	if err != nil || s.CachedInfo().State.Msgs != 0 {
		t.Errorf("%d were parked, %v", s.CachedInfo().State.Msgs, err)
	}
}
