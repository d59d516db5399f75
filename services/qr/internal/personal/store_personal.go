package personal

import "european-pay.eu/eupay/internal/privacy"

const (
	// ofMerchant keeps to the merchant that was chosen.
	ofMerchant = ` and (@merchant::text = '' or merchant_id::text = @merchant::text)`
	// chosenOrders are those that the subject names.
	chosenOrders = `select id from orders where (id = any(@ids::text[]::uuid[]) or payment_reference = any(@references::text[]))` + ofMerchant
	// chosenMembers are those that the subject names: by the customer of the app, the hash of the address, the merchant's number, or the member's id.
	chosenMembers = `select id from reward_members where id in (
		select id from reward_members where subject <> '' and kind = 'customer' and subject = any(@customers::text[])
		union select id from reward_members where subject <> '' and kind = 'email' and subject = any(@hashes::text[])
		union select id from reward_members where subject <> '' and kind = 'number' and subject = any(@numbers::text[])
		union select id from reward_members where id = any(@ids::text[]::uuid[]))` + ofMerchant

	points = "the ledger of points, which are owed and are never changed, under the member's id"
)

// resolve leads from an order to its payment, and from a member to the payments that earned points. It does not lead from a payment to a
// member: several persons may have paid under one number.
var resolve = []string{
	`select 'reference', id::text from orders where id in (` + chosenOrders + `)`,
	`select 'reference', payment_reference from orders where payment_reference is not null and id in (` + chosenOrders + `)`,
	`select 'reference', id::text from reward_members where id in (` + chosenMembers + `)`,
	`select distinct 'reference', reference from reward_entries where reference <> '' and kind in ('earned', 'taken_back') and member_id in (` + chosenMembers + `)`,
	`select distinct 'merchant', merchant_id from reward_members where id in (` + chosenMembers + `)`,
	`select distinct 'merchant', merchant_id::text from orders where id in (` + chosenOrders + `)`,
}

var obstacles = []string{
	`select 'order ' || id || ' (' || status || ')' from orders where status in ('awaiting_payment', 'received', 'preparing', 'ready')
		and id in (` + chosenOrders + `) order by id`,
	`select 'refund of order ' || id || ' (' || refund_status || ')' from orders where refund_status in ('requested', 'pending')
		and id in (` + chosenOrders + `) order by id`,
	`select 'refund ' || reference || ' (' || status || ')' from order_refunds where status in ('requested', 'pending')
		and order_id in (` + chosenOrders + `) order by reference`,
	`select 'redemption ' || id || ' (held)' from reward_redemptions where status = 'held' and member_id in (` + chosenMembers + `) order by id`,
}

var orders = privacy.Holding{
	Table: "orders", Columns: []string{"customer_name", "notes"},
	What: "the name that a guest gave, and the guest's wishes", Why: "to bring the order to the right person", Kept: "with the order",
	Erasing: "Both are emptied when the order has ended.", Duty: "number, sums, states and payment of the order, with the books (article L123-22 Code de commerce)",
	Find: `select jsonb_build_object('id', id, 'merchant_id', merchant_id, 'livemode', livemode, 'number', number, 'table', table_name, 'status', status,
			'customer_name', customer_name, 'notes', notes, 'total_cents', total_cents, 'payment_reference', payment_reference, 'created_at', created_at)
		from orders where id in (` + chosenOrders + `)`,
	Erase: []string{`update orders set customer_name = '', notes = ''
		where status in ('served', 'cancelled', 'expired', 'payment_failed') and (customer_name <> '' or notes <> '') and id in (` + chosenOrders + `)`},
}

var orderLines = privacy.Holding{
	Table: "order_lines", Columns: []string{"notes"},
	What: "what was ordered, and wishes", Why: "to prepare it", Kept: "with the order", Erasing: "Wishes are emptied when the order has ended.",
	Duty: "goods and sums, with the books",
	Find: `select jsonb_build_object('order_id', order_id, 'position', position, 'name', name, 'quantity', quantity, 'notes', notes, 'total_cents', total_cents)
		from order_lines where order_id in (` + chosenOrders + `)`,
	Erase: []string{`update order_lines set notes = '' where notes <> '' and order_id in (
		select id from orders where status in ('served', 'cancelled', 'expired', 'payment_failed') and id in (` + chosenOrders + `))`},
}

var cancellations = privacy.Holding{
	Table: "order_cancellations", Columns: []string{"reason"},
	What: "why the merchant cancelled a part of an order", Why: "to tell it again", Kept: "with the order", Erasing: "The reason is emptied.",
	Duty: "what was cancelled and its sums, with the books",
	Find: `select jsonb_build_object('order_id', order_id, 'number', number, 'reason', reason, 'amount_cents', amount_cents, 'created_at', created_at)
		from order_cancellations where order_id in (` + chosenOrders + `)`,
	Erase: []string{`update order_cancellations set reason = '' where reason <> '' and order_id in (` + chosenOrders + `)`},
}

var members = privacy.Holding{
	Table: "reward_members", Columns: []string{"subject"},
	What: "who has points at a merchant: an id of the app, the merchant's number, or the SHA-256 of an address", Why: "to give and take points",
	Kept:    "until the member is forgotten",
	Erasing: "The number or hash is removed, as the API's forgetting does. The id of a customer of the app stays: it is nobody's when the account is erased.",
	Duty:    "points that are owed, under an id",
	Find: `select jsonb_build_object('id', id, 'merchant_id', merchant_id, 'livemode', livemode, 'kind', kind, 'subject', subject, 'balance', balance, 'held', held,
		'created_at', created_at, 'forgotten_at', forgotten_at) from reward_members where subject <> '' and id in (` + chosenMembers + `)`,
	Erase: []string{`update reward_members set subject = '', forgotten_at = @now::timestamptz where subject <> '' and kind <> 'customer' and id in (` + chosenMembers + `)`},
}

var entries = privacy.Holding{
	Table: "reward_entries", Columns: []string{"reason", "actor"},
	What: "the ledger of points, and why the merchant gave or took some", Why: "a right balance", Kept: "for good", Erasing: "Nothing.", Duty: points,
	Find: `select jsonb_build_object('member_id', member_id, 'merchant_id', merchant_id, 'kind', kind, 'points', points, 'balance', balance, 'reference', reference,
		'reason', reason, 'occurred_at', occurred_at) from reward_entries where member_id in (` + chosenMembers + `)`,
}

var customers = privacy.Holding{
	Table: "loyalty_accounts", Columns: []string{"customer_id"},
	What: "the points of a customer of the app at all merchants, with `loyalty_entries`: the same as in the ledger", Why: "to show them to the customer",
	Kept: "for good", Erasing: "Nothing.", Duty: points,
	Find: `select jsonb_build_object('customer_id', customer_id, 'livemode', livemode, 'balance', balance)
		from loyalty_accounts where @merchant::text = '' and customer_id = any(@customers::text[])`,
}
