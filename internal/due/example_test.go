package due_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/claim"
	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/outbound"
)

// office is the smallest service with due rows: merchants ask for letters, repeated requests have the same key, letters are due
// until a provider has accepted them, and they are sent through a client with a circuit breaker. Specific to it are only a table,
// its claim, and the processing of a row; the loop, the keys and the client are shared.
type office struct {
	pool     *pgxpool.Pool
	client   *http.Client
	breaker  *outbound.Breaker
	now      func() time.Time
	provider string
}

type letter struct {
	ID, Address string
	Attempts    int
}

// ask records a letter, once for each key, and returns its id.
func (o *office) ask(ctx context.Context, merchant, key, address string) (id string, err error) {
	now := o.now()
	mine := claim.Claim{Reference: uuid.NewString(), ExpiresAt: now.Add(24 * time.Hour)}
	err = pgx.BeginFunc(ctx, o.pool, func(tx pgx.Tx) error {
		held, err := claim.Take(ctx, tx, claim.Key{MerchantID: merchant, Kind: "header", Key: key}, mine, now)
		if id = held.Reference; err != nil || id != mine.Reference {
			return err
		}
		_, err = tx.Exec(ctx, `insert into letters (id, address, due_at) values ($1, $2, $3)`, id, address, now)
		return err
	})
	return id, err
}

func (o *office) loop() *due.Loop[letter] {
	return due.New(due.Config[letter]{
		What: "letters", Every: time.Second, AtOnce: 8, Within: 50 * time.Second, Grace: 10 * time.Second,
		Claim: o.claim, Do: o.send, Log: slog.New(slog.DiscardHandler),
	})
}

func (o *office) claim(ctx context.Context, limit int) ([]letter, error) {
	rows, err := o.pool.Query(ctx, `update letters set due_at = $2, attempts = attempts + 1
		where id in (select id from letters where due_at <= $1 order by due_at limit $3 for update skip locked)
		returning id::text, address, attempts`, o.now(), o.now().Add(time.Minute), limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[letter])
}

// send gives a letter to the provider. A letter that is not accepted is due again when its lease ends.
func (o *office) send(ctx context.Context, l letter) {
	ticket, wait := o.breaker.Enter()
	if wait > 0 {
		return
	}
	taken, err := o.post(ctx, l)
	o.breaker.Leave(ticket, outbound.VerdictOf(!taken, err))
	if taken {
		_, _ = o.pool.Exec(ctx, `update letters set due_at = null where id = $1`, l.ID)
	}
}

func (o *office) post(ctx context.Context, l letter) (taken bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, o.provider+"/letters/"+l.ID, http.NoBody)
	if err != nil {
		return false, err
	}
	resp, err := o.client.Do(req)
	if err != nil {
		return false, outbound.Cause(err)
	}
	defer resp.Body.Close()
	_, err = outbound.ReadAll(resp.Body, 1<<10)
	return err == nil && resp.StatusCode < 300, err
}

// TestTheSharedPackagesProcessANewKindOfWork shows how little code a new kind of work needs.
func TestTheSharedPackagesProcessANewKindOfWork(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	t.Cleanup(provider.Close)
	pool, _ := pgtest.New(t, "letters", os.DirFS("testdata/migrations"))
	now := time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	o := &office{
		pool: pool, client: outbound.NewClient(8), now: clock, provider: provider.URL,
		breaker: outbound.NewBreaker(outbound.BreakerConfig{TripAfter: 5, First: time.Second, Longest: time.Minute}, clock, slog.New(slog.DiscardHandler)),
	}
	t.Cleanup(o.client.CloseIdleConnections)
	var ids [2]string
	for i := range ids {
		var err error
		if ids[i], err = o.ask(t.Context(), "m_1", "key", "12 rue de la Paix"); err != nil {
			t.Fatal(err)
		}
	}
	if ids[0] != ids[1] {
		t.Error("the same key made two letters")
	}
	var did []int
	for range 4 {
		n, err := o.loop().Once(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		did = append(did, n)
		now = now.Add(time.Minute)
	}
	if got := fmt.Sprint(did, calls.Load()); got != "[1 1 0 0] 2" {
		t.Errorf("worked on %s", got)
	}
}
