package account

import "slices"

// roleScopes is what a login may do of what API keys do, by role: the table of ADR 15. Money and credentials are the merchant's
// alone, an accountant only reads.
var roleScopes = map[Role][]Scope{
	RoleMerchant:   {PaymentsRead, PaymentsWrite, PaymentsConfirm, RefundsWrite},
	RoleStaff:      {PaymentsRead},
	RoleAccountant: {PaymentsRead},
}

// Allows reports whether users with the role may do what the scope stands for.
func Allows(r Role, s Scope) bool { return slices.Contains(roleScopes[r], s) }

// RolesWith are the roles whose users may do what the scope stands for, in a fixed order.
func RolesWith(s Scope) []Role {
	var roles []Role
	for _, r := range []Role{RoleMerchant, RoleStaff, RoleAccountant} {
		if Allows(r, s) {
			roles = append(roles, r)
		}
	}
	return roles
}
