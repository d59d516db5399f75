package kitchen

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/outbox"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

const (
	sweepEvery = 30 * time.Second
	// sweepLimit is how many printers and tickets one sweep looks after.
	sweepLimit = 500
)

// sweepPrinters looks after printers until ctx ends. One replica does it.
func (s *Server) sweepPrinters(ctx context.Context) error {
	due.Every(ctx, sweepEvery, "look after printers", s.log, s.Sweep)
	return nil
}

// Sweep announces printers that have been silent for too long, and ends tickets that nobody needs any more.
func (s *Server) Sweep(ctx context.Context) error {
	now := s.now()
	if err := expireJobs(ctx, s.pool, now, now.Add(-jobsKept), sweepLimit); err != nil {
		return err
	}
	var gone []silent
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var err error
		if gone, err = silence(ctx, tx, now.Add(-offlineAfter), now, sweepLimit); err != nil {
			return err
		}
		for _, p := range gone {
			if err := announce(ctx, tx, p, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && len(gone) > 0 {
		s.wake()
	}
	return err
}

// announce writes the event printer.offline.
func announce(ctx context.Context, tx pgx.Tx, p silent, now time.Time) error {
	data, err := proto.Marshal(&eventsv1.PrinterChanged{
		PrinterId: p.ID, MerchantId: p.Merchant, Livemode: p.Livemode, Name: p.Name, Status: "offline", LastSeenAt: timestamppb.New(p.LastSeenAt),
		Waiting: p.Waiting, Sequence: p.Sequence, OccurredAt: timestamppb.New(now),
	})
	if err != nil {
		return fmt.Errorf("encode printer event: %w", err)
	}
	return outbox.Add(ctx, tx, events.Event{
		ID: events.NewID(), Type: "printer.offline", Source: "qr", Merchant: p.Merchant, Livemode: p.Livemode, Time: now, Data: data,
	})
}
