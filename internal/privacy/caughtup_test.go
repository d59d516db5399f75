package privacy_test

import (
	"log/slog"
	"os"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/privacy"
	privacyv1 "european-pay.eu/eupay/proto/eupay/privacy/v1"
)

func TestCaughtUpMeansPublishedAndRead(t *testing.T) {
	t.Parallel()
	pool, _ := pgtest.New(t, "tester", os.DirFS("testdata"))
	at := time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := pool.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	server := privacy.NewServer(privacy.Room{}, pool, nil, time.Now, slog.New(slog.DiscardHandler))
	behind := func() []string {
		t.Helper()
		r, err := server.CaughtUp(t.Context(), &privacyv1.CaughtUpRequest{Before: timestamppb.New(at)})
		if err != nil {
			t.Fatal(err)
		}
		return slices.Sorted(slices.Values(r.GetBehind()))
	}
	exec(`insert into outbox values ($1, $1), ($2, null)`, at.Add(-time.Second), at.Add(time.Second))
	exec(`insert into consumer_position values ('in_time', $1), ('gone', $2)`, at, at.AddDate(0, 0, -8))
	if left := behind(); len(left) != 0 {
		t.Errorf("%q is behind", left)
	}
	exec(`insert into outbox values ($1, null)`, at.Add(-time.Second))
	exec(`insert into consumer_position values ('late', $1)`, at.Add(-time.Second))
	if left := behind(); !slices.Equal(left, []string{"consumer late", "events that are not published"}) {
		t.Errorf("%q is behind", left)
	}
	if _, err := server.CaughtUp(t.Context(), &privacyv1.CaughtUpRequest{}); err == nil {
		t.Error("no time is taken for one")
	}
}
