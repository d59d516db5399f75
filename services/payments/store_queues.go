package payments

import (
	"european-pay.eu/eupay/internal/run/measure"
	"european-pay.eu/eupay/internal/tally"
)

// queues are all tables of this service whose rows are due at some time. Each statement reads one entry of an index, or a few rows.
var queues = []measure.Queue{
	{Name: "payments", First: `select min(due_at) from payments where due_at is not null`},
	{Name: "bank_accounts_removing", First: `select min(due_at) from bank_accounts where state = 'removing'`},
	{Name: "bank_accounts_pending", First: `select min(due_at) from bank_accounts where state = 'pending'`},
	{Name: "payment_links", First: `select min(due_at) from payment_links where due_at is not null`},
	{Name: "payment_link_hosted", First: `select min(due_at) from payment_link_hosted where due_at is not null`},
	{Name: "subscriptions", First: `select min(due_at) from subscriptions where due_at is not null`},
	{Name: "subscription_occurrences", First: `select min(due_at) from subscription_occurrences where due_at is not null`},
	{Name: "receiving_accounts", First: `select min(due_at) from receiving_accounts where due_at is not null`},
	{Name: "receiving_accounts_matching", First: `select min(match_due_at) from receiving_accounts where match_due_at is not null`},
	{Name: "settlement_items", First: `select min(due_at) from settlement_items where due_at is not null`},
	tally.Queue,
}
