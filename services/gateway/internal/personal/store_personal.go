package personal

import "european-pay.eu/eupay/internal/privacy"

const (
	// persons are the users that a subject names. An address is that of the user who has verified it: others who gave it are strangers, and gone
	// after 7 days.
	persons = `select u.id from users u where (u.id = any(@customers::text[]::uuid[]) or lower(u.email) = any(@emails::text[]) and u.unverified_since is null)
		and (@merchant::text = '' or u.merchant_id::text = @merchant::text)`
	// leaving are those of them who work for nobody.
	leaving = persons + ` and (u.role = 'customer' or u.removed_at is not null)`
)

var resolve = []string{
	`select 'customer', u.id::text from users u where u.id in (` + persons + `)`,
	`select 'email', lower(u.email) from users u where u.email <> '' and u.id in (` + persons + `)`,
	`select 'merchant', u.merchant_id::text from users u where u.merchant_id is not null and u.id in (` + persons + `)`,
}

var obstacles = []string{
	`select case when u.merchant_id is null then 'the person works for the platform (' || u.role || ', user ' || u.id || '): disable the user first, and keep the account'
			when u.role = 'merchant' then 'the person is the owner of merchant ' || u.merchant_id || ': an owner leaves when the contract with the merchant has ended'
			else 'the person works for merchant ' || u.merchant_id || ' (' || u.role || ', user ' || u.id || '): the owner removes members with DELETE /merchant/team/{id}' end
		from users u where u.role <> 'customer' and u.removed_at is null and u.id in (` + persons + `) order by 1`,
}

// ofUser is a table whose rows belong to a user and go with the user. shown are the pairs of jsonb_build_object that people can read.
func ofUser(table, what, why, kept, shown string, columns ...string) privacy.Holding {
	return privacy.Holding{
		Table: table, Columns: columns, What: what, Why: why, Kept: kept, Erasing: "Deleted.",
		Find:  `select jsonb_build_object(` + shown + `) from ` + table + ` t where t.user_id in (` + persons + `)`,
		Erase: []string{`delete from ` + table + ` where user_id in (` + leaving + `)`},
	}
}

var mails = privacy.Holding{
	Table: "mails", Columns: []string{"recipient", "detail"},
	What: "mails to the person: the kind, and what their text names", Why: "to send them",
	Kept: "7 days after they were sent; tickets until they are sent, at most a day", Erasing: "Deleted.",
	Find: `select jsonb_build_object('kind', m.kind, 'recipient', m.recipient, 'detail', m.detail, 'created_at', m.created_at, 'sent_at', m.done_at) from mails m
		where m.id in (select id from mails where lower(recipient) = any(@emails::text[]) and @merchant::text = '' union select id from mails
			where user_id in (` + persons + `))`,
	Erase: []string{`delete from mails where id in (select id from mails where lower(recipient) = any(@emails::text[]) and @merchant::text = ''
		union select id from mails where user_id in (` + leaving + `))`},
}

// hashesOfTickets are those of the person's addresses.
const hashesOfTickets = `select sha256(convert_to(e, 'UTF8')) from unnest(@emails::text[]) e where @merchant::text = ''`

var ticketMails = privacy.Holding{
	Table: "ticket_mails", Columns: []string{"address"},
	What: "hashes of addresses to which tickets were sent", Why: "so that nobody has mails sent to others without end", Kept: "a day", Erasing: "Emptied.",
	Find:  `select jsonb_build_object('sent_at', t.created_at) from ticket_mails t where t.address <> '' and t.address in (` + hashesOfTickets + `)`,
	Erase: []string{`update ticket_mails set address = '' where address <> '' and address in (` + hashesOfTickets + `)`},
}

var auditLog = privacy.Holding{
	Table: "audit_log", Columns: []string{"actor", "target", "detail"},
	What: "logins and changes of accounts, with their origin", Why: "security, and evidence of who did what", Kept: "as long as the platform",
	Erasing: "Addresses, devices and names are taken out of the entries about the person (a trigger allows nothing else).",
	Duty:    "what the person did in a merchant's account, as evidence (article 17(3)(e) GDPR; five years, article L110-4 Code de commerce)",
	Find: `select jsonb_build_object('at', a.at, 'actor', a.actor, 'action', a.action, 'target', a.target, 'detail', a.detail) from audit_log a
		where a.id in (select id from audit_log where target in (select id::text from (` + persons + `) p) and detail ?| array['ip', 'device', 'email', 'name']
			union select l.id from users u join audit_log l on l.merchant_id = u.merchant_id and l.actor = 'user:' || u.id and l.target <> u.id::text
				where u.merchant_id is not null and u.id in (` + persons + `))`,
	Erase: []string{`update audit_log set detail = detail - array['ip', 'device', 'email', 'name']
		where target in (select id::text from (` + leaving + `) p) and detail ?| array['ip', 'device', 'email', 'name']`},
}

var merchants = privacy.Holding{
	Table:   "merchants",
	Columns: []string{"name", "email", "iban", "bic", "account_name", "legal_name", "address", "next_iban", "next_bic"},
	What:    "a merchant's profile; that of a sole trader is about a person", Why: "the contract with the merchant, who is paid to this account",
	Kept: "as long as the contract, then ten years with the books", Erasing: "Nothing.",
	Duty: "the contract with the merchant, and its books (article L123-22 Code de commerce)",
	Find: `select jsonb_build_object('id', m.id, 'name', m.name, 'email', m.email, 'iban', m.iban, 'account_name', m.account_name, 'legal_name', m.legal_name,
			'address', m.address, 'created_at', m.created_at) from merchants m
		where (@merchant::text = '' or m.id::text = @merchant::text)
			and m.id in (select u.merchant_id from users u where u.role = 'merchant' and u.removed_at is null and u.id in (` + persons + `))`,
}

// users are erased last: the other tables are found by them.
var users = privacy.Holding{
	Table: "users", Columns: []string{"email", "name", "password_hash"},
	What: "the person's account", Why: "to log in", Kept: "until the account is erased; unverified ones 7 days",
	Erasing: "Emptied, and nobody can log in any more. The row stays without a name, because the audit log has its id.",
	Find: `select jsonb_build_object('id', u.id, 'email', u.email, 'name', u.name, 'role', u.role, 'merchant_id', u.merchant_id, 'created_at', u.created_at,
		'removed_at', u.removed_at) from users u where (u.email <> '' or u.name <> '' or u.password_hash <> '') and u.id in (` + persons + `)`,
	Erase: []string{`update users set email = '', name = '', password_hash = '', disabled = true, unverified_since = null,
			removed_at = coalesce(removed_at, @now::timestamptz)
		where (email <> '' or name <> '' or password_hash <> '') and id in (` + leaving + `)`},
}
