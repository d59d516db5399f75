package e2e

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/emptypb"

	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/localca"
	"european-pay.eu/eupay/internal/reference"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/command"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
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

// servedBy returns the services that serve a package of proto/: its own service, or those that have sealed secrets, consumers of events or personal
// data.
func servedBy(pkg string) []string {
	switch pkg {
	case "keys":
		return []string{identity.Gateway, identity.Payments, identity.Webhooks}
	case "operations":
		return []string{identity.Payments, identity.Webhooks, identity.QR, identity.EInvoice}
	case "privacy":
		return identity.Services()
	default:
		return []string{pkg}
	}
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
				if slices.ContainsFunc([]string{"OperatorService", "KeysService", "PrivacyService", "ArchiveService"}, func(s string) bool { return strings.Contains(method, s) }) {
					allowed = []string{identity.Operator}
				}
				if strings.Contains(method, "JournalService") || strings.Contains(method, "SuppliersService") {
					allowed = []string{identity.EInvoice}
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
	sys := shared.stack.System()
	for _, service := range system.Names {
		db, err := pgx.Connect(t.Context(), sys.ServiceDatabaseURL(service))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close(t.Context())
		for _, schema := range system.Names {
			var n int
			table := schema + ".outbox"
			if schema == system.Portal {
				table = schema + ".sessions"
			}
			err := db.QueryRow(t.Context(), "select count(*) from "+table).Scan(&n)
			if (err == nil) != (schema == service) {
				t.Errorf("%s reads %s: %v", service, schema, err)
			}
		}
	}
}

// TestTheOrderServiceMovesMoneyOfOrdersOnly: an intruder in the qr service could make, cancel and refund any payment.
func TestTheOrderServiceMovesMoneyOfOrdersOnly(t *testing.T) {
	t.Parallel()
	sys := shared.stack.System()
	who, err := sys.As(identity.QR)
	if err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect(sys.NATSURL(), append(bus.Secure(who), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))...)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	for _, subject := range []string{
		command.CreatePayment, command.RefundPayment, command.CancelPayment, command.ScanPay, command.ConfirmReceived, command.ConfirmNotReceived,
		command.BookLateReceipt, command.ProviderUpdate, "eupay.evt.test.payment.completed.m", "eupay.reply.gateway.x",
	} {
		if err := errors.Join(nc.Publish(subject, nil), nc.FlushTimeout(patience)); err != nil {
			t.Fatal(err)
		}
		if err := nc.LastError(); !errors.Is(err, nats.ErrPermissionViolation) || !strings.Contains(err.Error(), subject) {
			t.Errorf("%s: %v", subject, err)
		}
	}
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	commands, err := command.NewClient(&bus.Bus{NC: nc, JS: js}, identity.QR)
	if err != nil {
		t.Fatal(err)
	}
	defer commands.Close()
	says := func(subject string, payload proto.Message) *paymentsv1.CommandReply {
		t.Helper()
		call, err := commands.Send(t.Context(), subject, payload, command.Meta{})
		if err != nil {
			t.Fatal(err)
		}
		defer call.Close()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		for {
			r, err := call.Next(ctx)
			if err != nil {
				t.Fatalf("%s: %v", subject, err)
			}
			if r.GetStage() != paymentsv1.CommandReply_STAGE_RECORDED {
				return r
			}
		}
	}
	m := shared.newMerchant(t)
	own, other := m.pays(t, nil).Reference, reference.Payment(time.Now())
	order := uuid.NewString()
	create := func(ref, order string) *paymentsv1.CommandReply {
		return says(command.CreateOrder, &paymentsv1.CreateOrderPayment{
			OrderId: order, Reference: ref, MerchantId: m.ID, AmountCents: 350, Currency: "EUR", Description: "Table 4 · order 1",
		})
	}
	if p := create(other, order).GetPayment(); p.GetOrderId() != order || p.GetOrigin() != "order" || p.GetReference() != other || p.GetPaymentUrl() == "" {
		t.Errorf("the payment of an order: %v", p)
	}
	for what, c := range map[string]struct {
		reply *paymentsv1.CommandReply
		code  string
	}{
		"a payment of no order":            {create(reference.Payment(time.Now()), ""), "INVALID_STATE"},
		"the payment of another order":     {create(other, uuid.NewString()), "INVALID_STATE"},
		"the payment of a merchant's shop": {create(own, order), "INVALID_STATE"},
		"its cancellation":                 {says(command.CancelOrder, &paymentsv1.CancelOrderPayment{OrderId: order, Reference: own, MerchantId: m.ID}), "NOT_FOUND"},
		"its refund": {says(command.RefundOrder, &paymentsv1.RefundOrderPayment{
			OrderId: order, Reference: reference.Refund(time.Now()), OriginalReference: own, MerchantId: m.ID,
		}), "NOT_FOUND"},
	} {
		if c.reply.GetErrorCode() != c.code || c.reply.GetPayment() != nil {
			t.Errorf("%s: %v", what, c.reply)
		}
	}
	if p := m.get(t, own); p.Status != "pending_sca" {
		t.Errorf("the payment of the merchant's shop is %s", p.Status)
	}
}
