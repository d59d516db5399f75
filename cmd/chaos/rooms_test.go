package chaos

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/cmd/internal/system"
)

// room is a part of EU Pay with books of its own.
type room interface {
	// use does the n-th thing that people do there.
	use(ctx context.Context, n int)
	// compareBooks waits until REST, bank and webhooks agree on everything that was done, and reports where they do not.
	compareBooks(ctx context.Context, t *testing.T)
}

// roomShare is the number of things that are done between two kills, in all rooms together.
const roomShare = 28

// roomVictims are killed in turn: at least those that do the work and the bank, and each that they need in the long rounds. payments comes
// last: its kill also ends the leases that earlier ones have left.
func roomVictims() []string {
	victims := []string{sandbox, system.QR, system.Gateway, system.Payments}
	if os.Getenv("EUPAY_CHAOS_ROUNDS") != "" {
		victims = append([]string{nats, postgres, system.Webhooks}, victims...)
	}
	return victims
}

// TestChaosEveryRoomKeepsItsBooks kills payments, gateway, qr and the bank itself while payment links are paid and revoked, subscriptions
// are made, replaced and cancelled, points are earned, spent and taken back, and the bank books what was paid: late, in batches, twice and
// mangled. Afterwards the REST API, the bank and the received webhooks must tell the same.
func TestChaosEveryRoomKeepsItsBooks(t *testing.T) {
	w := build(t)
	w.start()
	victims := roomVictims()
	kills := rounds(t) * len(victims)
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(kills+3)*time.Minute)
	defer cancel()
	s := newStatement(ctx, t, w)
	names := []string{"links", "subscriptions", "rewards", "settlement"}
	rooms := []room{newShop(t, w), newClub(t, w), newTill(t, w), s}

	var troubles []func()
	for k := range kills {
		troubles = append(troubles, func() {
			if victim := victims[k%len(victims)]; victim == system.Payments {
				w.kill(victim, w.passTime)
			} else {
				w.kill(victim)
			}
			s.book(ctx, k+1)
		})
	}
	began := time.Now()
	underLoad(roomShare, troubles, func(n int) { rooms[n%len(rooms)].use(ctx, n/len(rooms)) })
	if ctx.Err() != nil {
		t.Fatalf("not everything was done\n%s", w.log(system.Payments))
	}
	t.Logf("%d things were done in %s", roomShare*(kills+1), time.Since(began).Round(time.Second))
	for i, r := range rooms {
		t.Run(names[i], func(t *testing.T) {
			limit, cancel := context.WithTimeout(ctx, 90*time.Second)
			defer cancel()
			r.compareBooks(limit, t)
		})
	}
}

// passTime lets ten minutes pass for payments, which does not run: the leases of its last life have ended, and what it had put off is due.
func (w *world) passTime() {
	w.t.Helper()
	db, err := pgx.Connect(w.t.Context(), w.sys.DatabaseURL)
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close(w.t.Context())
	for table, columns := range map[string][]string{
		"payment_link_hosted": {"due_at", "requested_at"}, "subscriptions": {"due_at"}, "subscription_occurrences": {"due_at"},
		"receiving_accounts": {"due_at", "match_due_at"},
	} {
		for _, column := range columns {
			name := pgx.Identifier{column}.Sanitize()
			if _, err := db.Exec(w.t.Context(), `update payments.`+table+` set `+name+` = `+name+` - interval '10 minutes'`); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}
