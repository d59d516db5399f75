package shape

import (
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/user"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// User is a user in an answer.
type User struct {
	ID         string      `json:"id"`
	Email      string      `json:"email"`
	Name       string      `json:"name"`
	Role       rights.Role `json:"role"`
	MerchantID *string     `json:"merchant_id"`
	// EmailVerified is false for who may only verify the address.
	EmailVerified bool   `json:"email_verified"`
	Disabled      bool   `json:"disabled"`
	CreatedAt     string `json:"created_at"`
}

// UserOf shows a person.
func UserOf(u user.User) User {
	return User{
		ID: u.ID, Email: u.Email, Name: u.Name, Role: u.Role, MerchantID: web.OrNull(u.MerchantID), EmailVerified: !u.Unverified, Disabled: u.Disabled,
		CreatedAt: web.Time(u.CreatedAt),
	}
}
