// Package personal lists what the portal holds about persons. The portal keeps sessions of browsers alone, which end by themselves: there is
// nothing to find or to erase that the gateway does not have.
package personal

import "european-pay.eu/eupay/internal/privacy"

// Room is the portal's list.
func Room() privacy.Room {
	return privacy.Room{
		Service: "portal",
		Holdings: []privacy.Holding{
			{
				Table: "sessions", Columns: []string{"id", "email", "name", "key_id", "sealed"},
				What: "browsers that are logged in: a copy of the address and the name, and the login's tokens, sealed", Why: "to show pages",
				Kept:    "until the login ends, at most 30 days",
				Erasing: "Nothing: the login ends at once in the gateway, the row when the browser comes back or the 30 days are over.",
			},
			{
				Table: "answers", Columns: []string{"session", "id", "key_id", "sealed"},
				What: "what a form was answered, sealed", Why: "so that sending it twice creates one thing", Kept: "with the session", Erasing: "Nothing: they end with the session.",
			},
		},
	}
}
