package einvoice

import (
	"european-pay.eu/eupay/internal/run/measure"
	"european-pay.eu/eupay/internal/tally"
)

// queues are all tables of this service whose rows are due at some time. Each statement reads one entry of an index for each mode.
var queues = []measure.Queue{
	tally.Queue,
	{Name: "transmissions", First: `select least((select min(due_at) from transmissions where state = 'waiting' and livemode),
		(select min(due_at) from transmissions where state = 'waiting' and not livemode))`},
	{Name: "enrolments", First: `select least((select min(due_at) from enrolments where livemode), (select min(due_at) from enrolments where not livemode))`},
	{Name: "inboxes", First: `select least((select min(due_at) from inboxes where livemode), (select min(due_at) from inboxes where not livemode))`},
	{Name: "received", First: `select least((select min(fetch_at) from received_invoices where fetch_at is not null and livemode),
		(select min(fetch_at) from received_invoices where fetch_at is not null and not livemode))`},
	{Name: "supplier_payments", First: `select min(due_at) from supplier_payments where due_at is not null`},
	{Name: "credit_refunds", First: `select min(due_at) from credit_refunds where due_at is not null`},
	{Name: "auto_credits", First: `select min(due_at) from auto_credits where due_at is not null`},
	{Name: "exports", First: `select min(due_at) from exports where status = 'pending'`},
}
