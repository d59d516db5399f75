package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/emptypb"

	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/localca"
)

// rpcs has one method of each of our gRPC services, by the service's process.
func rpcs(t *testing.T) map[string][]string {
	t.Helper()
	all := make(map[string][]string)
	protoregistry.GlobalFiles.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		owner := strings.Split(string(f.Package()), ".")
		if owner[0] != "eupay" {
			return true
		}
		for i := range f.Services().Len() {
			s := f.Services().Get(i)
			for j := range s.Methods().Len() {
				if m := s.Methods().Get(j); !m.IsStreamingServer() {
					for _, service := range servedBy(owner[1]) {
						all[service] = append(all[service], "/"+string(s.FullName())+"/"+string(m.Name()))
					}
					break
				}
			}
		}
		return true
	})
	if len(all) < 4 {
		t.Fatalf("found %v", all)
	}
	return all
}

// servedBy returns the services that serve a package of proto/: its own service, or those that have sealed secrets.
func servedBy(pkg string) []string {
	if pkg == "keys" {
		return []string{identity.Gateway, identity.Payments, identity.Webhooks}
	}
	return []string{pkg}
}

// TestEveryServiceChecksItsCallers: any caller that reached the port of a service could read any payment and any webhook secret.
func TestEveryServiceChecksItsCallers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	sys := w.stack.System()
	for service, methods := range rpcs(t) {
		for _, name := range localca.Names() {
			who, err := sys.As(name)
			if err != nil {
				t.Fatal(err)
			}
			conn, err := grpc.NewClient(system.Loopback(sys.Ports.GRPC[service]), grpc.WithTransportCredentials(credentials.NewTLS(who.Client(service))))
			if err != nil {
				t.Fatal(err)
			}
			for _, method := range methods {
				allowed := []string{identity.Gateway}
				if strings.Contains(method, "OperatorService") || strings.Contains(method, "KeysService") {
					allowed = []string{identity.Operator}
				}
				err := conn.Invoke(t.Context(), method, &emptypb.Empty{}, &emptypb.Empty{})
				if refused := status.Code(err) == codes.PermissionDenied; refused == slices.Contains(allowed, name) {
					t.Errorf("%s calls %s: %v", name, method, err)
				}
			}
			conn.Close()
		}
	}
}

// TestNoServiceReadsTheTablesOfAnother with the role with which it logs in to the database.
func TestNoServiceReadsTheTablesOfAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	sys := w.stack.System()
	for _, service := range system.Names {
		db, err := pgx.Connect(t.Context(), sys.ServiceDatabaseURL(service))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close(t.Context())
		for _, schema := range system.Names {
			var n int
			err := db.QueryRow(t.Context(), "select count(*) from "+schema+".outbox").Scan(&n)
			if (err == nil) != (schema == service) {
				t.Errorf("%s reads %s: %v", service, schema, err)
			}
		}
	}
}
