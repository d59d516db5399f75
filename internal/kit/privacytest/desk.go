package privacytest

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/grpc"

	"european-pay.eu/eupay/internal/privacy"
	"european-pay.eu/eupay/internal/vault"
	privacyv1 "european-pay.eu/eupay/proto/eupay/privacy/v1"
)

// Desk asks a room's server as an operator does.
type Desk struct {
	t      testing.TB
	server *privacy.Server
}

// NewDesk returns one at the given time. v may be nil.
func NewDesk(t testing.TB, room privacy.Room, pool *pgxpool.Pool, v *vault.Vault, now time.Time) *Desk {
	t.Helper()
	return &Desk{t, privacy.NewServer(room, pool, v, func() time.Time { return now }, slog.New(slog.DiscardHandler))}
}

// Resolve returns what else the service knows the person by.
func (d *Desk) Resolve(who *privacyv1.Subject) *privacyv1.Subject {
	d.t.Helper()
	r, err := d.server.Resolve(d.t.Context(), &privacyv1.ResolveRequest{Subject: who})
	if err != nil {
		d.t.Fatal(err)
	}
	return r.GetSubject()
}

// rows is a stream that keeps what it is sent.
type rows struct {
	grpc.ServerStream
	ctx   context.Context //nolint:containedctx // a stream has one
	found map[string][]map[string]any
}

func (r *rows) Context() context.Context { return r.ctx }

func (r *rows) Send(one *privacyv1.FindResponse) error {
	var row map[string]any
	if err := json.Unmarshal(one.GetRow(), &row); err != nil {
		return err
	}
	r.found[one.GetTable()] = append(r.found[one.GetTable()], row)
	return nil
}

// Find returns the person's rows by table.
func (d *Desk) Find(who *privacyv1.Subject) map[string][]map[string]any {
	d.t.Helper()
	r := &rows{ctx: d.t.Context(), found: map[string][]map[string]any{}}
	if err := d.server.Find(&privacyv1.FindRequest{Subject: who}, r); err != nil {
		d.t.Fatal(err)
	}
	return r.found
}

// Erase returns the counts by table.
func (d *Desk) Erase(who *privacyv1.Subject, dryRun bool) (map[string]*privacyv1.Count, []string, error) {
	d.t.Helper()
	r, err := d.server.Erase(d.t.Context(), &privacyv1.EraseRequest{Subject: who, DryRun: dryRun})
	counts := map[string]*privacyv1.Count{}
	for _, c := range r.GetCounts() {
		counts[c.GetTable()] = c
	}
	return counts, r.GetObstacles(), err
}

// MustErase is Erase that has to succeed.
func (d *Desk) MustErase(who *privacyv1.Subject) map[string]*privacyv1.Count {
	d.t.Helper()
	counts, _, err := d.Erase(who, false)
	if err != nil {
		d.t.Fatal(err)
	}
	return counts
}
