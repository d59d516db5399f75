// Package enrol registers merchants at the platform and follows their mandates until they may issue invoices.
package enrol

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// creating is the mandate's status until the platform has returned one.
const creating platform.MandateStatus = "creating"

// Enrolment is a merchant's registration at the platform of one mode.
type Enrolment struct {
	MerchantID string
	Livemode   bool
	Settings   invoice.Settings
	// Code is the merchant's part of its document numbers.
	Code string
	// ClientID and MandateID are the platform's; empty until it has assigned them.
	ClientID, MandateID string
	status              platform.MandateStatus
	CreatedAt           time.Time
}

// Ready reports whether the merchant may issue invoices.
func (e Enrolment) Ready() bool { return e.status == platform.MandateActive }

// Status returns the status of the mandate in the terms of the public API. Undecided states are pending.
func (e Enrolment) Status() platform.MandateStatus {
	if e.status == creating {
		return platform.MandatePending
	}
	return e.status
}

// ErrNotEnrolled returns NOT_ENROLLED with the action that resolves it.
func ErrNotEnrolled() error {
	e := errs.New(errs.NotEnrolled, "E-invoicing is not enabled for this account.")
	e.Action = "Log in to the EU Pay merchant portal → Settings → E-Invoicing → Enroll"
	return e
}

const columns = `merchant_id, livemode, settings, code, client_id, mandate_id, mandate_status, created_at`

func scan(row pgx.CollectableRow) (Enrolment, error) { return scanWith(row) }

// scanWith scans columns, and the columns that follow into more.
func scanWith(row pgx.CollectableRow, more ...any) (Enrolment, error) {
	var e Enrolment
	var settings []byte
	into := []any{&e.MerchantID, &e.Livemode, &settings, &e.Code, &e.ClientID, &e.MandateID, &e.status, &e.CreatedAt}
	if err := row.Scan(append(into, more...)...); err != nil {
		return Enrolment{}, err
	}
	if err := json.Unmarshal(settings, &e.Settings); err != nil {
		return Enrolment{}, fmt.Errorf("settings of %s: %w", e.MerchantID, err)
	}
	return e, nil
}

// Read returns a merchant's enrolment, or NOT_ENROLLED.
func Read(ctx context.Context, db pg.DB, merchantID string, livemode bool) (Enrolment, error) {
	return read(ctx, db, "", merchantID, livemode)
}

// lock is Read with a row lock until the end of the transaction.
func lock(ctx context.Context, tx pgx.Tx, merchantID string, livemode bool) (Enrolment, error) {
	return read(ctx, tx, " for update", merchantID, livemode)
}

func read(ctx context.Context, db pg.DB, how, merchantID string, livemode bool) (Enrolment, error) {
	rows, err := db.Query(ctx, `select `+columns+` from enrolments where merchant_id = $1 and livemode = $2`+how, merchantID, livemode)
	if err != nil {
		return Enrolment{}, fmt.Errorf("read enrolment: %w", err)
	}
	e, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return Enrolment{}, ErrNotEnrolled()
	}
	if err != nil {
		return Enrolment{}, fmt.Errorf("read enrolment: %w", err)
	}
	return e, nil
}

// Logo returns the picture for the merchant's documents, PNG or JPEG; nil if there is none.
func Logo(ctx context.Context, db pg.DB, merchantID string, livemode bool) ([]byte, error) {
	var logo []byte
	err := db.QueryRow(ctx, `select logo from enrolments where merchant_id = $1 and livemode = $2`, merchantID, livemode).Scan(&logo)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("read logo: %w", err)
	}
	return logo, nil
}
