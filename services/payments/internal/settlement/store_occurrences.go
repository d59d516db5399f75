package settlement

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/services/payments/internal/subscription"
)

// noteExecution writes into the history of a line which subscription it is an execution of.
func (s *Settlement) noteExecution(ctx context.Context, tx pgx.Tx, lineID, subscriptionID string) error {
	_, err := tx.Exec(ctx, `insert into bank_line_changes (line_id, occurred_at, what, note) values ($1, $2, 'matched', $3)`, lineID, s.clock(), subscriptionID)
	if err != nil {
		return fmt.Errorf("note the execution of a standing order: %w", err)
	}
	return nil
}

// executionOf returns the subscription of a line; "" if it is no execution of a standing order.
func (s *Settlement) executionOf(ctx context.Context, tx pgx.Tx, lineID string) (id string, o subscription.Owner, err error) {
	err = tx.QueryRow(ctx, `select subscription_id, merchant_id::text, livemode from bank_lines where id = $1`, lineID).Scan(&id, &o.MerchantID, &o.Livemode)
	if err != nil {
		return "", o, fmt.Errorf("read the subscription of a bank line: %w", err)
	}
	return id, o, nil
}

// noExecution makes a line new that was an execution of a standing order.
func (s *Settlement) noExecution(ctx context.Context, tx pgx.Tx, lineID string) error {
	_, err := tx.Exec(ctx, `update bank_lines set subscription_id = '', matched_cents = 0, state = 'new', updated_at = $2 where id = $1`, lineID, s.clock())
	if err != nil {
		return fmt.Errorf("separate a bank line from its subscription: %w", err)
	}
	return nil
}
