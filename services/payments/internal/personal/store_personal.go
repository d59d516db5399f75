package personal

import "european-pay.eu/eupay/internal/privacy"

const (
	// ofMerchant keeps to the merchant that was chosen.
	ofMerchant = ` and (@merchant::text = '' or merchant_id::text = @merchant::text)`
	// chosen are the payments, refunds and mandates that the subject names.
	chosen = ` reference = any(@references::text[])` + ofMerchant
	// platform is for what belongs to a customer of the app and to no merchant.
	platform = ` @merchant::text = ''`
	// over is a payment of which nothing has to be kept any more. Money that never came may still be claimed, or come late, for a while.
	over = ` due_at is null and (status in ('failed', 'cancelled') and late_cents is null and updated_at < @claims::timestamptz
		or coalesce(late_at, completed_at) < @books::timestamptz)`

	books  = "the books: ten years from the end of the year (article L123-22 Code de commerce), and refunds go to the account that paid"
	claims = "claims against the payment: 13 months (article L133-24 Code monétaire et financier)"
)

// sealed is how a sealed column is handed over, as privacy.SealedField wants it.
func sealed(key, data string) string {
	return `case when ` + data + ` is not null then jsonb_build_object('key', ` + key + `, 'sealed', encode(` + data + `, 'base64')) end`
}

// resolve leads from a person's payment to its refunds, its scan, its order and its subscription; from a customer of the app to what that customer paid; and from
// an address or a number in the metadata, under a key that means the payer, to the payment.
var resolve = []string{
	`select 'reference', reference from payments where customer_id = any(@customers::text[]) and origin in ('qr', 'scan')` + ofMerchant,
	`select 'reference', reference from payments where metadata_terms && (
			select array_agg(('x' || encode(substr(sha256(convert_to(m.id || E'\n' || mode || E'\n' || key || ':' || value, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint)
			from merchants m, unnest(array['true', 'false']) mode, (
				select key, value from unnest(array['reward_member', 'email', 'customer_email']) key, unnest(@emails::text[]) value
				union all select 'reward_member', value from unnest(@numbers::text[]) value) term
			where (@merchant::text = '' or m.id = @merchant::text))` + ofMerchant,
	`select 'reference', reference from payments where due_at is not null and lower(payer_identity ->> 'email') = any(@emails::text[])` + ofMerchant,
	`select 'reference', id from subscriptions where due_at is not null and lower(customer ->> 'email') = any(@emails::text[])` + ofMerchant,
	`select 'reference', h.reference from payment_link_hosted h join payment_links l on l.id = h.link_id
		where h.due_at is not null and lower(h.payer ->> 'email') = any(@emails::text[])` + ofMerchant,
	`select 'reference', reference from payments where kind = 'refund' and original_reference = any(@references::text[])` + ofMerchant,
	`select 'reference', original_reference from payments where original_reference is not null and` + chosen,
	`select 'reference', reference from payments where origin = 'scan' and status not in ('failed', 'cancelled')
		and gateway_reference = any(@references::text[])` + ofMerchant,
	`select 'reference', gateway_reference from payments where gateway_reference is not null and status not in ('failed', 'cancelled') and` + chosen,
	`select 'customer', customer_id from payments where customer_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' and` + chosen,
	`select 'reference', unnest(array[order_id, subscription_id]) from payments where` + chosen,
	`select 'reference', unnest(array[coalesce(replaces, ''), coalesce(replaced_by, '')]) from subscriptions where (replaces is not null or replaced_by is not null)
		and id = any(@references::text[])` + ofMerchant,
	`select 'reference', u.reference from subscriptions s join subscription_occurrences o on o.subscription_id = s.id
		join payment_link_uses u on u.link_id = o.payment_link_id where o.payment_link_id <> '' and s.id = any(@references::text[])` + ofMerchant,
	`select distinct 'merchant', merchant_id::text from payments where` + chosen,
}

var obstacles = []string{
	`select kind || ' ' || reference || ' (' || status || ')' from payments where due_at is not null and kind <> 'mandate' and` + chosen + ` order by reference`,
	`select 'subscription ' || id || ' (' || status || ')' from subscriptions where due_at is not null and id = any(@references::text[])` + ofMerchant + ` order by id`,
	`select 'payment link ' || l.id || ' (' || l.status || ')' from payment_link_hosted h join payment_links l on l.id = h.link_id
		where h.due_at is not null and h.reference = any(@references::text[])` + ofMerchant + ` order by l.id`,
}

var payments = privacy.Holding{
	Table: "payments",
	Columns: []string{
		"payer_name", "payer_iban", "payer_iban_key_id", "payer_iban_sealed", "payer_identity", "beneficiary_name", "beneficiary_iban", "beneficiary_iban_key_id",
		"beneficiary_iban_sealed", "beneficiary_identity", "beneficiary_legal", "beneficiary_siren", "customer_id", "description", "metadata", "metadata_terms",
		"merchant_reference", "success_url", "cancel_url", "received_by", "received_note",
	},
	What: "payments, refunds and mandates; the payer's name and account, who is the beneficiary of refunds; the merchant's texts",
	Why:  "to make the payment, and to refund it to the account that paid", Kept: "with the books",
	Erasing: "Metadata and addresses to return to are emptied when the payment has ended. Name and account go when no duty keeps them: of payments that failed after " +
		"13 months, of others after ten years.",
	Duty: "amounts, references, texts of the transfer, payer and account, by " + books,
	Find: `select jsonb_build_object('reference', reference, 'kind', kind, 'merchant_id', merchant_id, 'merchant_name', merchant_name, 'livemode', livemode,
			'amount_cents', amount_cents, 'currency', currency, 'status', status, 'description', description, 'merchant_reference', merchant_reference,
			'metadata', metadata, 'success_url', success_url, 'cancel_url', cancel_url, 'payer_name', payer_name, 'payer_bic', payer_bic, 'payer_identity', payer_identity,
			'payer_iban', case when payer_iban <> '' then to_jsonb(payer_iban) else ` + sealed("payer_iban_key_id", "payer_iban_sealed") + ` end,
			'customer_id', customer_id, 'received_note', received_note, 'created_at', created_at, 'completed_at', completed_at)
			|| case when kind in ('refund', 'supplier') then jsonb_build_object('beneficiary_name', beneficiary_name, 'beneficiary_identity', beneficiary_identity,
				'beneficiary_iban', case when beneficiary_iban <> '' then to_jsonb(beneficiary_iban) else ` + sealed("beneficiary_iban_key_id", "beneficiary_iban_sealed") + ` end)
			else '{}' end from payments where` + chosen,
	Sealed: []privacy.SealedField{{Name: "payer_iban", Owner: ofPayer}, {Name: "beneficiary_iban", Owner: ofBeneficiary}},
	Erase: []string{
		`update payments set metadata = '', metadata_terms = null, success_url = '', cancel_url = ''
			where due_at is null and (metadata <> '' or metadata_terms is not null or success_url <> '' or cancel_url <> '') and` + chosen,
		`update payments set payer_name = '', payer_iban = '', payer_iban_key_id = null, payer_iban_sealed = null, payer_identity = '{}', received_note = ''
			where (payer_name <> '' or payer_iban <> '' or payer_iban_sealed is not null or payer_identity <> '{}' or received_note <> '') and` + over + ` and` + chosen,
		`update payments set beneficiary_name = 'erased', beneficiary_iban = '', beneficiary_iban_key_id = null, beneficiary_iban_sealed = null,
			beneficiary_identity = '{}', beneficiary_legal = '', beneficiary_siren = ''
			where kind in ('refund', 'supplier') and beneficiary_name <> 'erased' and` + over + ` and` + chosen,
	},
}

var history = privacy.Holding{
	Table: "payment_history", Columns: []string{"provider_raw", "provider_raw_key_id", "provider_raw_sealed", "actor", "note"},
	What: "the provider's answers, sealed, and what somebody of the merchant's side noted", Why: "evidence in a dispute",
	Kept:    "answers for 400 days after the payment's end (`EUPAY_PAYMENTS_ANSWERS_KEEP`); notes with the payment",
	Erasing: "Answers about payments that ended more than 13 months ago are deleted.", Duty: "answers by " + claims + "; notes with the books",
	Find: `select jsonb_build_object('reference', h.reference, 'sequence', h.sequence, 'to_status', h.to_status, 'note', h.note, 'occurred_at', h.occurred_at,
			'provider_answer', case when h.provider_raw <> '' then to_jsonb(h.provider_raw) else ` + sealed("h.provider_raw_key_id", "h.provider_raw_sealed") + ` end)
		from payment_history h where (h.provider_raw <> '' or h.provider_raw_sealed is not null or h.note <> '')
		and h.reference in (select reference from payments where` + chosen + `)`,
	Sealed: []privacy.SealedField{{Name: "provider_answer", Owner: ofAnswer}},
	Erase: []string{`update payment_history set provider_raw = '', provider_raw_key_id = null, provider_raw_sealed = null
		where (provider_raw <> '' or provider_raw_sealed is not null)
		and reference in (select reference from payments where due_at is null and updated_at < @claims::timestamptz and` + chosen + `)`},
}

var subscriptions = privacy.Holding{
	Table: "subscriptions", Columns: []string{"customer", "description", "metadata", "merchant_reference", "success_url", "cancel_url"},
	What: "subscriptions: the payer as the merchant named it, and the merchant's texts", Why: "to collect what was agreed",
	Kept:    "with the books; of the payer only the name after the end",
	Erasing: "The payer, metadata and addresses to return to are emptied when the subscription has ended.",
	Duty:    "amounts, days, states and the text of the transfer, by " + books,
	Find: `select jsonb_build_object('id', id, 'merchant_id', merchant_id, 'merchant_name', merchant_name, 'livemode', livemode, 'amount_cents', amount_cents,
		'frequency', frequency, 'status', status, 'description', description, 'merchant_reference', merchant_reference, 'metadata', metadata, 'customer', customer,
		'start_date', start_date, 'end_date', end_date, 'created_at', created_at, 'ended_at', ended_at) from subscriptions where id = any(@references::text[])` + ofMerchant,
	Erase: []string{`update subscriptions set customer = '{}', metadata = '', success_url = '', cancel_url = ''
		where due_at is null and (customer <> '{}' or metadata <> '' or success_url <> '' or cancel_url <> '') and id = any(@references::text[])` + ofMerchant},
}

var subscriptionHistory = privacy.Holding{
	Table: "subscription_history", Columns: []string{"actor", "note"},
	What: "what somebody of the merchant's side noted", Why: "evidence of decisions", Kept: "with the books", Erasing: "Nothing.", Duty: books,
	Find: `select jsonb_build_object('id', h.subscription_id, 'to_status', h.to_status, 'note', h.note, 'occurred_at', h.occurred_at)
		from subscription_history h join subscriptions on id = h.subscription_id where h.note <> '' and id = any(@references::text[])` + ofMerchant,
}

var links = privacy.Holding{
	Table: "payment_links", Columns: []string{"description", "reference", "metadata", "success_url"},
	What: "payment links: the merchant's texts; those of a subscription are for one payer", Why: "to be paid by whoever opens them", Kept: "with the books",
	Erasing: "Metadata and addresses to return to of a subscription's links are emptied when the link has ended.", Duty: books,
	Find: `select jsonb_build_object('id', id, 'amount_cents', amount_cents, 'description', description, 'reference', reference, 'metadata', metadata, 'status', status,
		'created_at', created_at) from payment_links where subscription_id <> '' and subscription_id = any(@references::text[])` + ofMerchant,
	Erase: []string{`update payment_links set metadata = '', success_url = '' where status <> 'active' and (metadata <> '' or success_url <> '')
		and subscription_id <> '' and subscription_id = any(@references::text[])` + ofMerchant},
}

var hostedLinks = privacy.Holding{
	Table: "payment_link_hosted", Columns: []string{"payer"},
	What: "the payer of a link that the provider hosts", Why: "to make the link at the provider", Kept: "until the link has ended",
	Erasing: "Nothing: it is gone at the end, and nothing is erased before.",
	Find: `select jsonb_build_object('link_id', h.link_id, 'payer', h.payer) from payment_link_hosted h join payment_links l on l.id = h.link_id
		where h.payer not in ('{}', 'null') and h.reference = any(@references::text[])` + ofMerchant,
}

var items = privacy.Holding{
	Table: "settlement_items", Columns: []string{"payer_key_id", "payer_sealed", "payer_fingerprint"},
	What: "the payer's account of a payment that is expected, sealed, and a keyed hash of it", Why: "to find its money on the merchant's account",
	Kept: "90 days (`EUPAY_PAYMENTS_SETTLEMENT_TEXT_DAYS`)", Erasing: "Emptied when the money was found.", Duty: "money that has not come yet has to be found",
	Find: `select jsonb_build_object('reference', reference, 'payer_iban', ` + sealed("payer_key_id", "payer_sealed") + `, 'expected_on', expected_on, 'state', state)
		from settlement_items where (payer_sealed is not null or payer_fingerprint is not null) and` + chosen,
	Sealed: []privacy.SealedField{{Name: "payer_iban", Owner: ofItem}},
	Erase: []string{`update settlement_items set payer_key_id = null, payer_sealed = null, payer_fingerprint = null
		where state = 'settled' and (payer_sealed is not null or payer_fingerprint is not null) and` + chosen},
}

// matched are the lines that are matched to the person's payments.
const matched = ` from settlement_matches m where m.line_id = l.id and m.undone_at is null and m.reference`

var lines = privacy.Holding{
	Table: "bank_lines", Columns: []string{"text_key_id", "text_sealed", "payer_fingerprint", "refs"},
	What: "what the bank wrote about a credit or debit on the merchant's account, sealed, and a keyed hash of the other account",
	Why:  "to match it to payments", Kept: "90 days after the booking (`EUPAY_PAYMENTS_SETTLEMENT_TEXT_DAYS`)",
	Erasing: "Texts of lines that are matched to the person's payments alone are emptied.",
	Duty:    "a line about several payers, and what is not wholly matched, until the 90 days are over",
	Find: `select jsonb_build_object('id', l.id, 'amount_cents', l.amount_cents, 'booked_on', l.booked_on, 'text', ` + sealed("l.text_key_id", "l.text_sealed") + `)
		from bank_lines l where (l.text_sealed is not null or l.payer_fingerprint is not null) and l.id in (
			select m.line_id from settlement_matches m join settlement_items using (reference) where m.undone_at is null and` + chosen + `)`,
	Sealed: []privacy.SealedField{{Name: "text", Owner: ofLine}},
	Erase: []string{`update bank_lines l set text_key_id = null, text_sealed = null, payer_fingerprint = null
		where l.state = 'matched' and (l.text_sealed is not null or l.payer_fingerprint is not null)
		and l.id in (select m.line_id from settlement_matches m join settlement_items using (reference) where m.undone_at is null and` + chosen + `)
		and not exists (select` + matched + ` <> all(@references::text[]))`},
}

var accounts = privacy.Holding{
	Table: "bank_accounts", Columns: []string{"customer_id", "bank_name", "name", "iban_masked", "iban_key_id", "iban_sealed", "iban_fingerprint"},
	What: "bank accounts that a customer of the app has linked, sealed", Why: "to pay from them", Kept: "until the customer removes them",
	Erasing: "Removed: the consent is taken back at the provider, then the row is deleted.", Duty: "until the provider has taken the consent back, within minutes",
	Find: `select jsonb_build_object('id', id, 'customer_id', customer_id, 'livemode', livemode, 'bank_name', bank_name, 'name', name, 'state', state,
		'linked_at', linked_at,
		'iban', ` + sealed("iban_key_id", "iban_sealed") + `) from bank_accounts where customer_id = any(@customers::text[]::uuid[]) and` + platform,
	Sealed: []privacy.SealedField{{Name: "iban", Owner: ofAccount}},
	Erase: []string{`update bank_accounts set state = 'removing', due_at = @now::timestamptz
		where state <> 'removing' and customer_id = any(@customers::text[]::uuid[]) and` + platform},
}

var bankUsers = privacy.Holding{
	Table: "bank_users", Columns: []string{"customer_id", "provider_user", "token_key_id", "token_sealed"},
	What: "a customer's name at the provider: an id, and its token, sealed", Why: "to read the linked accounts", Kept: "as long as the account",
	Erasing: "Deleted, with the last linked account.", Duty: "until the provider has taken the consents back, within minutes",
	Find: `select jsonb_build_object('customer_id', customer_id, 'livemode', livemode, 'provider_user', provider_user, 'created_at', created_at)
		from bank_users where customer_id = any(@customers::text[]::uuid[]) and` + platform,
	Erase: []string{
		`update bank_users set ending = true where not ending and customer_id = any(@customers::text[]::uuid[]) and` + platform + `
			and exists (select from bank_accounts a where a.customer_id = bank_users.customer_id and a.livemode = bank_users.livemode)`,
		`delete from bank_users where customer_id = any(@customers::text[]::uuid[]) and` + platform + `
			and not exists (select from bank_accounts a where a.customer_id = bank_users.customer_id and a.livemode = bank_users.livemode)
			and not exists (select from receiving_accounts r where r.merchant_id = bank_users.customer_id and r.livemode = bank_users.livemode)`,
	},
}

var visits = privacy.Holding{
	Table: "bank_visits", Columns: []string{"customer_id", "return_url", "connection_id"},
	What: "visits to the provider's page, to link an account", Why: "to bring the visitor back", Kept: "until shortly after they expire",
	Erasing: "Nothing: they end by themselves.",
}

var merchants = privacy.Holding{
	Table: "merchants", Columns: []string{"name", "iban", "bic", "account_name", "legal_name", "address"},
	What: "a copy of the merchants' profiles", Why: "to pay to the right account", Kept: "as the gateway's", Erasing: "Nothing: it follows the gateway's.",
}

var receivingAccounts = privacy.Holding{
	Table: "receiving_accounts", Columns: []string{"bank_name", "name", "iban_masked", "iban_key_id", "iban_sealed", "iban_fingerprint"},
	What: "a merchant's own bank accounts, sealed", Why: "to see whether money came", Kept: "with the lines that were read",
	Erasing: "Nothing: the merchant disconnects them.",
}
