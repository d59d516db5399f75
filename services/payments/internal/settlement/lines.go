package settlement

import (
	"context"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/tally"
	"european-pay.eu/eupay/services/payments/internal/settlement/match"
)

// Line is a line of a merchant's account as the merchant sees it.
type Line struct {
	ID, AccountID    string
	Cents, Matched   money.Cents
	On               time.Time
	State, Reason    string
	Text, Name, IBAN string
	RecordedAt       time.Time
	// SubscriptionID is set for an execution of a standing order, which is matched to no payment.
	SubscriptionID string
	Matches        []Matched
	Suggestions    []Matched
}

// Matched is a match of a line, or a suggestion, which has no ID.
type Matched struct {
	ID, Kind, Actor, Note string
	match.Link
	At                   time.Time
	UndoneAt             *time.Time
	UndoneBy, UndoneNote string
}

// Step is a step of a line's history.
type Step struct {
	At                                 time.Time
	What, Actor, Reference, Rule, Note string
	Cents                              money.Cents
}

// Filter chooses lines.
type Filter struct {
	// State is "matched" (whole or partly), "suggested", "unmatched", or empty for all.
	State string
	// Reference chooses the lines that are matched to a payment.
	Reference string
	// Page counts from 1.
	Page, Limit int
}

// Lines returns a page of the merchant's lines, the newest days first, and their number.
func (s *Settlement) Lines(ctx context.Context, merchantID string, livemode bool, f Filter) ([]Line, tally.Total, error) {
	o, err := ownerOf(merchantID, livemode)
	if err != nil {
		return nil, tally.Total{}, err
	}
	return s.listLines(ctx, o, f)
}

// Line returns a line with its history. NOT_FOUND also for another merchant's.
func (s *Settlement) Line(ctx context.Context, merchantID string, livemode bool, id string) (Line, []Step, error) {
	o, err := ownerOf(merchantID, livemode)
	if err != nil {
		return Line{}, nil, errNoLine()
	}
	if _, err := uuid.Parse(id); err != nil {
		return Line{}, nil, errNoLine()
	}
	l, err := s.getLine(ctx, o, id)
	if err != nil {
		return Line{}, nil, err
	}
	steps, err := s.stepsOf(ctx, l)
	return l, steps, err
}

// Unsettled is a payment or refund that was not seen in time.
type Unsettled struct {
	Reference, Kind, MerchantReference, Description string
	Cents, Matched                                  money.Cents
	On                                              time.Time
	At                                              *time.Time
}

// Unsettled returns a page of what was not seen in time, the newest first, and the number.
func (s *Settlement) Unsettled(ctx context.Context, merchantID string, livemode bool, page, limit int) ([]Unsettled, tally.Total, error) {
	o, err := ownerOf(merchantID, livemode)
	if err != nil {
		return nil, tally.Total{}, err
	}
	return s.listUnsettled(ctx, o, page, limit)
}
