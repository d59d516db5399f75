// Package personal lists what the gateway holds about persons, for exports and erasures (internal/privacy).
package personal

import "european-pay.eu/eupay/internal/privacy"

// The periods of several tables.
const (
	withAccount = "as long as the account"
	shortlyOver = "until it expires, at most a day"
)

// Room is the gateway's list.
func Room() privacy.Room {
	return privacy.Room{
		Service:   "gateway",
		Resolve:   resolve,
		Obstacles: obstacles,
		Holdings: append([]privacy.Holding{
			ofUser("sessions", "where and when the person logged in", "security: to show and end logins", "60 days after its end",
				`'id', t.id, 'created_at', t.created_at, 'last_used_at', t.last_used_at, 'user_agent', t.user_agent, 'ip', host(t.ip), 'ended_at', t.ended_at`,
				"user_agent", "ip"),
			ofUser("refresh_tokens", "hashes of the tokens of logins", "to continue a login", "until they expire",
				`'created_at', t.created_at, 'expires_at', t.expires_at`, "hash"),
			ofUser("login_networks", "networks from which the person logged in", "so that strangers cannot lock the person out", "90 days after the last login",
				`'network', t.network, 'last_login_at', t.last_login_at`, "network"),
			ofUser("factors", "the secret of the authenticator app, sealed", "second factor", withAccount, `'created_at', t.created_at`, "key_id", "secret"),
			ofUser("recovery_codes", "hashes of recovery codes", "second factor", withAccount, `'created_at', t.created_at`, "hash"),
			ofUser("login_tickets", "hashes of logins that wait for the second factor", "second factor", shortlyOver, `'created_at', t.created_at`, "hash"),
			ofUser("passkeys", "public keys of the person's devices, and their names", "login", withAccount,
				`'id', t.id, 'name', t.name, 'created_at', t.created_at, 'last_used_at', t.last_used_at`, "credential_id", "public_key", "name"),
			ofUser("passkey_challenges", "what a device was asked to sign", "login", shortlyOver, `'purpose', t.purpose, 'created_at', t.created_at`, "hash", "ceremony"),
			ofUser("mail_tokens", "hashes of links in mails", "to verify the address, to set a password", shortlyOver,
				`'purpose', t.purpose, 'created_at', t.created_at`, "hash"),
		}, mails, ticketMails, auditLog, merchants, users, privacy.Outbox()),
		Impersonal: map[string]string{
			"api_keys.allowed_ips":   "addresses of a merchant's servers",
			"api_keys.last_used_ip":  "the address of a merchant's server",
			"api_keys.name":          "a merchant's label of a key",
			"api_key_secrets.hash":   "of a random secret of a merchant",
			"api_key_secrets.key_id": "a reference",
			"merchant_logos.image":   "a merchant's logo",
		},
	}
}
