package ereport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

// mandateRetry is the interval between checks whether a report's mandate is active.
const mandateRetry = 5 * time.Minute

// Messages for the merchant about a report that has not been sent.
const (
	problemMandate     = "The mandate at the platform is not active."
	problemUnavailable = "The platform did not respond. EU Pay retries automatically."
	problemReplaced    = "A newer report of the period has replaced it."
)

// report is a report as it was made.
type report struct {
	id, periodID uuid.UUID
	kind         Kind
	version      int64
	status       string
	data, xml    []byte
	// replaced is true if a newer report of the period was made.
	replaced bool
}

// Send implements transmit.Sender. The platform identifies a report by its id, so a repeated report is stored once.
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
		return r.markWaiting(ctx, p.id)
	}
	platformID, err := sendReport(ctx, account, e.ClientID, p)
	return r.recordOutcome(context.WithoutCancel(ctx), p, platformID, err)
}

// reopen makes a refused report wait again when an operator resends it, unless a newer one of the period was made, which must
// remain the last. The unique index of waiting reports decides between the two.
func (r *Reporter) reopen(ctx context.Context, p report) error {
	if p.replaced {
		return fmt.Errorf("%w: %s", transmit.ErrStop, problemReplaced)
	}
	if err := r.recordReopened(ctx, p.id); err != nil {
		return err
	}
	latest, err := r.read(ctx, p.id) // a newer one may have been made and sent in the meantime
	if err != nil || !latest.replaced {
		return err
	}
	return r.recordRefusal(ctx, p, &platform.Refused{Problems: []string{problemReplaced}})
}

// sendReport sends a report to the platform.
func sendReport(ctx context.Context, account platform.Platform, clientID string, p report) (string, error) {
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

// recordOutcome records the platform's answer and returns the result of the transmission.
func (r *Reporter) recordOutcome(ctx context.Context, p report, platformID string, failure error) error {
	var refused *platform.Refused
	switch {
	case failure == nil:
		return r.recordSent(ctx, p, platformID)
	case errors.Is(failure, platform.ErrNoMandate):
		return r.markWaiting(ctx, p.id)
	case errors.As(failure, &refused):
		return r.recordRefusal(ctx, p, refused)
	default:
		return errors.Join(r.recordProblem(ctx, p.id, problemUnavailable), failure)
	}
}

// recordRefusal ends a report that the platform refused. The next change in its period makes another one.
func (r *Reporter) recordRefusal(ctx context.Context, p report, no *platform.Refused) error {
	if err := r.recordFailed(ctx, p.id, strings.Join(no.Problems, " · ")); err != nil {
		return err
	}
	return fmt.Errorf("%w: %w", transmit.ErrStop, no)
}

func (r *Reporter) markWaiting(ctx context.Context, id uuid.UUID) error {
	if err := r.recordProblem(ctx, id, problemMandate); err != nil {
		return err
	}
	return transmit.Wait{Reason: "the mandate is not active", RetryAfter: mandateRetry}
}
