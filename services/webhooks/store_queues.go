package webhooks

import (
	"european-pay.eu/eupay/internal/run/measure"
	"european-pay.eu/eupay/internal/tally"
)

// queues are the tables of this service whose rows are due at some time, except deliveries, which have their own gauges.
var queues = []measure.Queue{
	{Name: "push_messages", First: `select min(claimable_at) from push_messages`},
	{Name: "resends", First: `select min(touched_at) from resends where finished_at is null`},
	tally.Queue,
}
