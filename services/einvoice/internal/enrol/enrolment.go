// Package enrol registers merchants at the platform and follows their mandates until they may issue.
package enrol

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/pg"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// creating is the mandate's status until the platform has told about one.
const creating platform.MandateStatus = "creating"

// Enrolment is a merchant's registration at the platform of one mode.
type Enrolment struct {
	MerchantID string
	Livemode   bool
	Settings   invoice.Settings
	// Code is the merchant's part of its document numbers.
	Code string
	// ClientID and MandateID are the platform's; empty until it gave them.
	ClientID, MandateID string
	status              platform.MandateStatus
	CreatedAt           time.Time
}

// Ready reports whether the merchant may issue.
func (e Enrolment) Ready() bool { return e.status == platform.MandateActive }

// Status of the mandate, in the words of the public API: what is not decided yet is pending.
func (e Enrolment) Status() platform.MandateStatus {
	if e.status == creating {
		return platform.MandatePending
	}
	return e.status
}

// ErrNotEnrolled is NOT_ENROLLED, with what to do about it.
func ErrNotEnrolled() error {
	e := errs.New(errs.NotEnrolled, "E-invoicing is not enabled for this account.")
	e.Action = "Log in to the EU Pay merchant portal → Settings → E-Invoicing → Enroll"
	return e
}

const columns = `merchant_id, livemode, settings, code, client_id, mandate_id, mandate_status, created_at`

func scan(row pgx.CollectableRow) (Enrolment, error) { return scanWith(row) }

// scanWith reads columns, and what follows them into more.
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

// Read returns a merchant's enrolment; NOT_ENROLLED when there is none.
func Read(ctx context.Context, db pg.DB, merchantID string, livemode bool) (Enrolment, error) {
	return read(ctx, db, "", merchantID, livemode)
}

// lock is Read of a row that nobody else changes before the transaction ends.
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

// Logo of the merchant's documents, PNG or JPEG; nil when it has none.
func Logo(ctx context.Context, db pg.DB, merchantID string, livemode bool) ([]byte, error) {
	var logo []byte
	err := db.QueryRow(ctx, `select logo from enrolments where merchant_id = $1 and livemode = $2`, merchantID, livemode).Scan(&logo)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("read logo: %w", err)
	}
	return logo, nil
}
