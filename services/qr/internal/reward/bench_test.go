package reward

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/run/events"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/migrations"
)

const (
	benchMembers = 64
	// benchTills is how many redeem at once, for each processor.
	benchTills = 8
)

// BenchmarkRedemptions holds points of many members and captures them, at many tills at once. commits is what the same server commits of the
// smallest transaction that changes a row, for comparison: a redemption takes two.
func BenchmarkRedemptions(b *testing.B) {
	pool, _ := pgtest.New(b, "qr", migrations.FS)
	s := New(Deps{Pool: pool, Reads: pool, PerEuro: 1, Now: time.Now, Wake: func() {}, Log: slog.New(slog.DiscardHandler)})
	ids := benchEnrol(b, s)
	b.Run("commits", func(b *testing.B) { benchCommits(b, pool) })
	b.Run("redemptions", func(b *testing.B) {
		var next atomic.Int64
		b.SetParallelism(benchTills)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				id := ids[next.Add(1)%benchMembers]
				held, err := s.HoldPoints(b.Context(), &qrv1.HoldPointsRequest{MerchantId: "m_1", MemberId: id, Points: 1, IdempotencyKey: events.NewID()})
				if err != nil {
					b.Error(err)
					return
				}
				if _, err := s.CaptureRedemption(b.Context(), &qrv1.CaptureRedemptionRequest{MerchantId: "m_1", Id: held.GetRedemption().GetId()}); err != nil {
					b.Error(err)
					return
				}
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "redemptions/s")
	})
}

func benchEnrol(b *testing.B, s *Server) []string {
	b.Helper()
	ids := make([]string, benchMembers)
	for i := range ids {
		made, err := s.CreateMember(b.Context(), &qrv1.CreateMemberRequest{MerchantId: "m_1", CustomerNumber: fmt.Sprint("C-", i)})
		if err != nil {
			b.Fatal(err)
		}
		ids[i] = made.GetMember().GetId()
		_, err = s.AdjustPoints(b.Context(), &qrv1.AdjustPointsRequest{MerchantId: "m_1", MemberId: ids[i], Points: maxPoints, Reason: "bench", IdempotencyKey: events.NewID()})
		if err != nil {
			b.Fatal(err)
		}
	}
	return ids
}

func benchCommits(b *testing.B, pool *pgxpool.Pool) {
	b.Helper()
	if _, err := pool.Exec(b.Context(), `create table if not exists bench (id int primary key, n int not null default 0)`); err != nil {
		b.Fatal(err)
	}
	if _, err := pool.Exec(b.Context(), `insert into bench (id) select generate_series(0, $1) on conflict do nothing`, benchMembers-1); err != nil {
		b.Fatal(err)
	}
	var next atomic.Int64
	b.SetParallelism(benchTills)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := pool.Exec(b.Context(), `update bench set n = n + 1 where id = $1`, next.Add(1)%benchMembers); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}
