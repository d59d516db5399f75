package webhooks

import "european-pay.eu/eupay/internal/run/measure"

// queues are the tables of this service whose rows are due at some time, except deliveries, which have their own gauges.
var queues = []measure.Queue{
	{Name: "push_messages", First: `select min(claimable_at) from push_messages`},
}
