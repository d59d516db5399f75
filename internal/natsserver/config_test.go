package natsserver_test

import (
	"fmt"
	"strings"

	"european-pay.eu/eupay/internal/natsserver"
)

// configuration is the part of a NATS server's configuration file with the users and their permissions. The file for the brokers
// of a cluster must have the same as an embedded server.
func configuration() string {
	var b strings.Builder
	b.WriteString(`# Who may connect to the broker, and what each may do: one user for each identity. Its name is the DNS name in the certificate that is shown;
# there are no passwords. A test compares this file with what the services need: go test ./internal/natsserver -update writes it again.
tls {
  cert_file: "/identity/tls.crt"
  key_file: "/identity/tls.key"
  ca_file: "/identity/ca.crt"
  verify_and_map: true
}
authorization {
  users: [
`)
	for _, u := range natsserver.Users() {
		fmt.Fprintf(&b, "    {user: %s, permissions: {\n      publish: {allow: [\n", u.Name)
		list(&b, u.Publish)
		b.WriteString("      ]")
		if len(u.DenyPublish) > 0 {
			b.WriteString(", deny: [\n")
			list(&b, u.DenyPublish)
			b.WriteString("      ]")
		}
		b.WriteString("}\n      subscribe: {allow: [\n")
		list(&b, u.Subscribe)
		b.WriteString("      ]}\n    }}\n")
	}
	b.WriteString("  ]\n}\n")
	return b.String()
}

func list(b *strings.Builder, subjects []string) {
	for _, s := range subjects {
		fmt.Fprintf(b, "        %q\n", s)
	}
}
