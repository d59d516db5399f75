package till

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/outbox"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

// closedEvent is the type of the event of each closing.
const closedEvent = "till.closed"

// announce adds the event of a new closing.
func announce(ctx context.Context, tx pgx.Tx, c *Closing) error {
	data, err := proto.Marshal(&eventsv1.TillClosed{MerchantId: c.MerchantID, Livemode: c.Livemode, Closing: c.view()})
	if err != nil {
		return fmt.Errorf("encode a closing: %w", err)
	}
	return outbox.Add(ctx, tx, events.Event{
		ID: events.NewID(), Type: closedEvent, Source: "qr", Merchant: c.MerchantID, Livemode: c.Livemode, Time: c.ClosedAt, Data: data,
	})
}
