package system

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"

	"european-pay.eu/eupay/cmd/internal/roles"
)

// role is the service's own role. It has the database's name before it, because all databases of a server share their roles.
func (s System) role(service string) roles.Role {
	mac := hmac.New(sha256.New, []byte(s.Secrets.Database))
	mac.Write([]byte(service))
	return roles.Role{Service: service, Name: roles.Database(s.DatabaseURL) + "_" + service, Password: hex.EncodeToString(mac.Sum(nil))}
}

// ServiceDatabaseURL is the database as the service's own role reaches it; empty when DatabaseURL is no URL.
func (s System) ServiceDatabaseURL(service string) string {
	own, err := s.role(service).URL(s.DatabaseURL)
	if err != nil {
		return ""
	}
	return own
}

// PrepareDatabase makes a role for each service that owns the service's schema and may use nothing else. DatabaseURL must be of a role that
// may create roles.
func (s System) PrepareDatabase(ctx context.Context) error {
	all := make([]roles.Role, 0, len(Names))
	for _, service := range Names {
		all = append(all, s.role(service))
	}
	return roles.Prepare(ctx, s.DatabaseURL, all)
}
