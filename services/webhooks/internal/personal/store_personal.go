package personal

import "european-pay.eu/eupay/internal/privacy"

const (
	ofMerchant = ` and (@merchant::text = '' or merchant_id = @merchant::text)`
	// about are the rows of the person's payments, orders, subscriptions and members. Merchants are known by then; with them the index is used.
	about = ` merchant_id = any(@merchants::text[]) and livemode in (true, false) and reference = any(@references::text[])` + ofMerchant
	over  = ` status in ('delivered', 'exhausted', 'missed', 'cancelled')`
	// parsed is the body as PostgreSQL reads it: without the escapes that its jsonb refuses or does not know, which a merchant's metadata may have.
	parsed = `regexp_replace(convert_from(body, 'UTF8'), '(?<!\\)((?:\\\\)*)\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2})', '\1', 'g')::jsonb`
	// personal are the fields of a webhook that can name a person.
	personal = ` ` + parsed + ` -> 'data' ?| array['metadata', 'customer_name', 'customer_number', 'customer_id', 'email_sha256', 'notes']`
	// without is the body without them. What was sent is not sent again in this form unless the merchant asks for it.
	without = ` convert_to((` + parsed + ` #- '{data,metadata}' #- '{data,customer_name}' #- '{data,customer_number}' #- '{data,customer_id}'
		#- '{data,email_sha256}' #- '{data,notes}')::text, 'UTF8')`
	days = "90 days (`EUPAY_WEBHOOK_RETENTION`)"
)

var events = privacy.Holding{
	Table: "events", Columns: []string{"body", "merchant_reference"},
	What: "what happened, as the merchant is told: its own metadata, and who has points", Why: "to show it to the merchant", Kept: days,
	Erasing: "Metadata and what names the customer are taken out.", Duty: "what happened: references, amounts and states, for " + days,
	Find:  `select jsonb_build_object('id', id, 'type', event_type, 'body', ` + parsed + `, 'created_at', created_at) from events where` + about,
	Erase: []string{`update events set body =` + without + ` where` + about + ` and` + personal},
}

var deliveries = privacy.Holding{
	Table: "deliveries", Columns: []string{"body"},
	What: "the same, for each endpoint of the merchant", Why: "to deliver it", Kept: days,
	Erasing: "Metadata and what names the customer are taken out of what was delivered or given up.",
	Duty:    "what happened, for " + days,
	Find: `select jsonb_build_object('id', id, 'type', event_type, 'status', status, 'body', ` + parsed + `, 'created_at', created_at)
		from deliveries where reference = any(@references::text[]) and merchant_id = any(@merchants::text[])` + ofMerchant,
	Erase: []string{`update deliveries set body =` + without + ` where reference = any(@references::text[]) and merchant_id = any(@merchants::text[])
		and` + over + ` and` + personal + ofMerchant},
}

// theirs are the deliveries that attempts belong to.
// undelivered are webhooks that still have to say what names the person. Once delivered they can be emptied, but by then nothing else may lead to them.
const undelivered = `select 'delivery ' || id || ' of ' || event_type || ' about ' || reference || ' to a webhook endpoint' from deliveries
	where status in ('waiting', 'pending') and` + about + ` and` + personal + ` order by id limit 100`

const theirs = `select id from deliveries where reference = any(@references::text[]) and merchant_id = any(@merchants::text[])` + ofMerchant

var attempts = privacy.Holding{
	Table: "attempts", Columns: []string{"response_body", "response_headers"},
	What: "what the merchant's server answered", Why: "so that the merchant finds mistakes", Kept: days, Erasing: "Emptied.",
	Find: `select jsonb_build_object('delivery_id', delivery_id, 'number', number, 'response_body', encode(response_body, 'escape'), 'response_headers', response_headers)
		from attempts where (response_body <> '' or response_headers <> '') and delivery_id in (` + theirs + `)`,
	Erase: []string{`update attempts set response_body = '', response_headers = '' where (response_body <> '' or response_headers <> '')
		and delivery_id in (` + theirs + `)`},
}

// browsersOf are the browsers of the person, who works or has worked for these merchants.
const browsersOf = ` merchant_id = any(@merchants::text[]) and user_id = any(@customers::text[])` + ofMerchant

var browsers = privacy.Holding{
	Table: "push_subscriptions", Columns: []string{"user_id", "endpoint_hash", "push_service", "key_id", "sealed", "description"},
	What: "browsers that somebody of a merchant's team has subscribed: address and keys sealed, a name", Why: "to notify the person",
	Kept: "until the browser or the person unsubscribes", Erasing: "Deleted, with the messages that wait.",
	Find: `select jsonb_build_object('id', id, 'push_service', push_service, 'description', description, 'language', language, 'created_at', created_at)
		from push_subscriptions where` + browsersOf,
	Erase: []string{`delete from push_subscriptions where` + browsersOf},
}

var messages = privacy.Holding{
	Table: "push_messages", Columns: []string{"payload"},
	What: "messages that wait for a browser", Why: "to notify the person", Kept: "until they are delivered or worth nothing, at most a day",
	Erasing: "Deleted with the browser.",
}
