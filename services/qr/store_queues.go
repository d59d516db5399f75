package qr

import (
	"european-pay.eu/eupay/internal/run/measure"
	"european-pay.eu/eupay/internal/tally"
)

// queues are all tables of this service whose rows are due at some time. Each statement reads one entry of an index.
var queues = []measure.Queue{
	{Name: "payment_tasks", First: `select min(due_at) from payment_tasks where due_at is not null`},
	{Name: "orders", First: `select min(ask_due_at) from orders where ask_due_at is not null and status = 'awaiting_payment'`},
	{Name: "bill_shares", First: `select min(due_at) from bill_shares where due_at is not null`},
	{Name: "image_jobs", First: `select min(due_at) from image_jobs`},
	{Name: "image_uploads", First: `select min(due_at) from image_uploads`},
	{Name: "reward_lots", First: `select min(due_at) from reward_lots where due_at is not null`},
	{Name: "reward_redemptions", First: `select min(due_at) from reward_redemptions where due_at is not null`},
	tally.Queue,
}
