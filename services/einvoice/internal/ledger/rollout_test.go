package ledger

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// earlier is how the version before took a key.
const earlier = `insert into idempotency (merchant_id, livemode, kind, value, request_hash, result, created_at)
	values ($1, $2, $3, $4, $5, $6, $7)
	on conflict (merchant_id, livemode, kind, value) do update
		set request_hash = excluded.request_hash, result = excluded.result, created_at = excluded.created_at
		where idempotency.created_at <= $8
	returning result`

// TestReplicasOfThePreviousAndThisVersionShareTheKeys: an invoice that both are asked for at a rollout is one.
func TestReplicasOfThePreviousAndThisVersionShareTheKeys(t *testing.T) {
	t.Parallel()
	f := setup(t)
	now := f.instant()
	before := func(kind, key string, hash []byte, result uuid.UUID, now time.Time) uuid.UUID {
		t.Helper()
		var got uuid.UUID
		err := f.Pool.QueryRow(t.Context(), earlier, f.who.MerchantID, f.who.Livemode, kind, key, hash, result, now, now.Add(-claimFor)).Scan(&got)
		if errors.Is(err, pgx.ErrNoRows) {
			err = f.Pool.QueryRow(t.Context(), `select result from idempotency where merchant_id = $1 and livemode = $2 and kind = $3 and value = $4`,
				f.who.MerchantID, f.who.Livemode, kind, key).Scan(&got)
		}
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	after := func(idem Idempotency, result uuid.UUID, now time.Time) (got uuid.UUID) {
		t.Helper()
		err := pgx.BeginFunc(t.Context(), f.Pool, func(tx pgx.Tx) error {
			var err error
			got, err = takeClaims(t.Context(), tx, f.who, idem, result, now)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	first, second, third := uuid.New(), uuid.New(), uuid.New()
	before("key", "old", []byte("h"), first, now)
	before("reference", "old", nil, first, now)
	if got := after(Idempotency{Key: "old", Hash: []byte("h")}, second, now); got != first {
		t.Error("this version does not know the other one's key")
	}
	if got := after(Idempotency{Reference: "old"}, second, now); got != first {
		t.Error("this version does not know the other one's reference")
	}
	after(Idempotency{Key: "new", Hash: []byte("h"), Reference: "new"}, first, now)
	if before("key", "new", []byte("h"), second, now) != first || before("reference", "new", nil, second, now) != first {
		t.Error("the version before does not know this one's keys")
	}
	// Free again after a day, whichever version took it, and taken anew by either.
	later := now.Add(claimFor)
	if before("key", "new", []byte("h"), second, later) != second || after(Idempotency{Key: "new", Hash: []byte("h")}, third, later) != second {
		t.Error("a key that the version before took anew is not known")
	}
	if after(Idempotency{Key: "old", Hash: []byte("h")}, second, later) != second || before("key", "old", []byte("h"), third, later) != second {
		t.Error("a key that this version took anew is not known")
	}
}
