package ereport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/pg"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

// mandateAgain is how long a report waits for its mandate before it is looked at again.
const mandateAgain = 5 * time.Minute

// What a merchant reads of a report that has not left.
const (
	problemMandate  = "The mandate at the platform is not active."
	problemTrouble  = "The platform did not answer. It is tried again by itself."
	problemReplaced = "A newer report of the period has taken its place."
)

// report is a report as it was made.
type report struct {
	id, periodID uuid.UUID
	kind         Kind
	version      int64
	status       string
	data, xml    []byte
	// replaced: a newer one of its period was made.
	replaced bool
}

// Send implements transmit.Sender. The platform knows a report by its id: sent again after a lost answer, it has it once.
func (r *Reporter) Send(ctx context.Context, t transmit.Transmission) error {
	p, err := r.read(ctx, t.Subject)
	if err != nil || p.status == "sent" {
		return err
	}
	if p.status == "failed" {
		if err := r.reopen(ctx, p); err != nil {
			return err
		}
	}
	e, err := enrol.Read(ctx, r.Pool, t.MerchantID, t.Livemode)
	if err != nil {
		return err
	}
	account := r.Platforms[t.Livemode]
	if !e.Ready() || account == nil {
		return r.wait(ctx, p.id)
	}
	platformID, err := hand(ctx, account, e.ClientID, p)
	return r.outcome(context.WithoutCancel(ctx), p, platformID, err)
}

func (r *Reporter) read(ctx context.Context, id uuid.UUID) (report, error) {
	p := report{id: id}
	err := r.Pool.QueryRow(ctx, `select r.period_id, p.kind, r.version, r.status, r.data, r.xml,
			exists (select from reports n where n.period_id = r.period_id and n.number > r.number)
		from reports r join report_periods p on p.id = r.period_id where r.id = $1`, id).
		Scan(&p.periodID, &p.kind, &p.version, &p.status, &p.data, &p.xml, &p.replaced)
	if err != nil {
		return report{}, fmt.Errorf("read report: %w", err)
	}
	return p, nil
}

// reopen makes a refused report wait again that an operator has sent once more, unless a newer one of the period was made: that
// one must stay the last. The unique index of waiting reports decides between the two.
func (r *Reporter) reopen(ctx context.Context, p report) error {
	if p.replaced {
		return fmt.Errorf("%w: %s", transmit.ErrStop, problemReplaced)
	}
	if _, err := r.Pool.Exec(ctx, `update reports set status = 'waiting' where id = $1 and status = 'failed'`, p.id); err != nil {
		return fmt.Errorf("reopen report: %w", err)
	}
	again, err := r.read(ctx, p.id) // a newer one may have been made and sent meanwhile
	if err != nil || !again.replaced {
		return err
	}
	return r.refused(ctx, p, &platform.Refused{Problems: []string{problemReplaced}})
}

// hand gives a report to the platform.
func hand(ctx context.Context, account platform.Platform, clientID string, p report) (string, error) {
	if p.kind == Sales {
		var s platform.SalesReport
		if err := json.Unmarshal(p.data, &s); err != nil {
			return "", fmt.Errorf("read report: %w", err)
		}
		s.XML = p.xml
		return account.ReportSales(ctx, clientID, s)
	}
	var s platform.PaymentsReport
	if err := json.Unmarshal(p.data, &s); err != nil {
		return "", fmt.Errorf("read report: %w", err)
	}
	s.XML = p.xml
	return account.ReportPayments(ctx, clientID, s)
}

// outcome records what the platform said, and returns what becomes of the transmission.
func (r *Reporter) outcome(ctx context.Context, p report, platformID string, failure error) error {
	var refused *platform.Refused
	switch {
	case failure == nil:
		return r.sent(ctx, p, platformID)
	case errors.Is(failure, platform.ErrNoMandate):
		return r.wait(ctx, p.id)
	case errors.As(failure, &refused):
		return r.refused(ctx, p, refused)
	default:
		return errors.Join(r.problem(ctx, p.id, problemTrouble), failure)
	}
}

// sent records that the platform has a report, and how far its period is reported by it.
func (r *Reporter) sent(ctx context.Context, p report, platformID string) error {
	return pgx.BeginFunc(ctx, r.Pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `update reports set status = 'sent', platform_id = $2, sent_at = $3, problem = '' where id = $1 and status <> 'sent'`,
			p.id, platformID, r.instant())
		if err != nil {
			return fmt.Errorf("record that a report was sent: %w", err)
		}
		return reported(ctx, tx, p.periodID, p.version)
	})
}

// reported says how far a period is reported; it never goes back.
func reported(ctx context.Context, db pg.DB, periodID uuid.UUID, version int64) error {
	_, err := db.Exec(ctx, `update report_periods set sent_version = $2 where id = $1 and sent_version < $2`, periodID, version)
	if err != nil {
		return fmt.Errorf("record how far a period is reported: %w", err)
	}
	return nil
}

// refused ends a report that the platform does not want. The next change in its period makes another.
func (r *Reporter) refused(ctx context.Context, p report, no *platform.Refused) error {
	_, err := r.Pool.Exec(ctx, `update reports set status = 'failed', problem = $2 where id = $1 and status = 'waiting'`,
		p.id, strings.Join(no.Problems, " · "))
	if err != nil {
		return fmt.Errorf("record that a report was refused: %w", err)
	}
	return fmt.Errorf("%w: %w", transmit.ErrStop, no)
}

func (r *Reporter) wait(ctx context.Context, id uuid.UUID) error {
	if err := r.problem(ctx, id, problemMandate); err != nil {
		return err
	}
	return transmit.Wait{Why: "the mandate is not active", Again: mandateAgain}
}

// problem notes why a report has not left.
func (r *Reporter) problem(ctx context.Context, id uuid.UUID, problem string) error {
	_, err := r.Pool.Exec(ctx, `update reports set problem = $2 where id = $1 and status = 'waiting' and problem <> $2`, id, problem)
	if err != nil {
		return fmt.Errorf("note the trouble with a report: %w", err)
	}
	return nil
}
