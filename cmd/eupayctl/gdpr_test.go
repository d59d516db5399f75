package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/identity"
	gatewayv1 "european-pay.eu/eupay/proto/eupay/gateway/v1"
	privacyv1 "european-pay.eu/eupay/proto/eupay/privacy/v1"
)

// bureau replaces all services: it notes what they are asked, in order.
type bureau struct {
	mu    sync.Mutex
	asked []string
	notes []*gatewayv1.NoteErasureRequest
	// open is what the payments service names as open; away is the service that does not answer an erasure.
	open, away string
	// late is what the payments service has open once an event that was on its way has been read.
	late   string
	waited bool
}

func (o *bureau) note(what string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, what)
}

// keeperOf replaces one service.
type keeperOf struct {
	privacyv1.UnimplementedPrivacyServiceServer
	gatewayv1.UnimplementedOperatorServiceServer
	*bureau
	name string
}

// Resolve leads from an address at the gateway to a customer, and from a customer at payments to a payment.
func (k keeperOf) Resolve(_ context.Context, r *privacyv1.ResolveRequest) (*privacyv1.ResolveResponse, error) {
	who := r.GetSubject()
	if k.name == identity.Gateway && slices.Contains(who.GetEmails(), "jane@example.com") && len(who.GetCustomers()) == 0 {
		who.Customers = append(who.Customers, "c1")
	}
	if k.name == identity.Payments && len(who.GetCustomers()) > 0 && len(who.GetReferences()) == 0 {
		who.References = append(who.References, "PAY-1")
	}
	return &privacyv1.ResolveResponse{Subject: who}, nil
}

func (k keeperOf) Find(r *privacyv1.FindRequest, stream grpc.ServerStreamingServer[privacyv1.FindResponse]) error {
	if k.name == k.away {
		return errs.New(errs.Unavailable, "Not now.")
	}
	for _, reference := range r.GetSubject().GetReferences() {
		row := []byte(`{"reference":"` + reference + `","of":"` + k.name + `"}`)
		if err := stream.Send(&privacyv1.FindResponse{Table: "things", Purpose: "to sell", Kept: "a year", Row: row}); err != nil {
			return err
		}
	}
	return nil
}

func (k keeperOf) Erase(_ context.Context, r *privacyv1.EraseRequest) (*privacyv1.EraseResponse, error) {
	res := &privacyv1.EraseResponse{Counts: []*privacyv1.Count{{Table: "things", Found: 3, Erased: 1, Stay: 2, Duty: "the books"}, {Table: "nothing"}}}
	if k.name == identity.Payments && k.open != "" {
		res.Obstacles = []string{k.open}
	}
	if r.GetDryRun() {
		return res, nil
	}
	k.note(k.name)
	if k.name == k.away {
		return nil, errs.New(errs.Unavailable, "Not now.")
	}
	return res, nil
}

// CaughtUp answers at its second call that all is read.
func (k keeperOf) CaughtUp(context.Context, *privacyv1.CaughtUpRequest) (*privacyv1.CaughtUpResponse, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.late != "" && !k.waited {
		k.waited = true
		return &privacyv1.CaughtUpResponse{Behind: []string{"consumer payments_accounts"}}, nil
	}
	k.open = k.late
	return &privacyv1.CaughtUpResponse{}, nil
}

func (k keeperOf) NoteErasure(_ context.Context, r *gatewayv1.NoteErasureRequest) (*gatewayv1.NoteErasureResponse, error) {
	k.note("log")
	k.notes = append(k.notes, r)
	return &gatewayv1.NoteErasureResponse{}, nil
}

func atBureau(t *testing.T) *bureau {
	t.Helper()
	o := &bureau{}
	for _, k := range keepers {
		services := []*grpc.ServiceDesc{&privacyv1.PrivacyService_ServiceDesc}
		if k.name == identity.Gateway {
			services = append(services, &gatewayv1.OperatorService_ServiceDesc)
		}
		serveAll(t, k.name, k.setting, keeperOf{bureau: o, name: k.name}, services...)
	}
	return o
}

func TestAPersonsDataIsWrittenIntoAFileOfTheOperatorAlone(t *testing.T) {
	o := atBureau(t)
	file := filepath.Join(t.TempDir(), "jane.json")
	contains(t, ok(t, "gdpr", "export", "--email", "Jane@Example.com ", file), "payments", "things")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got copyOf
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.KnownBy.Emails, []string{"jane@example.com"}) || !slices.Equal(got.KnownBy.References, []string{"PAY-1"}) {
		t.Errorf("the person is known by %+v", got.KnownBy)
	}
	if len(got.Services) != 5 || string(got.Services["qr"]["things"].Rows[0]) == "" || got.Services["qr"]["things"].Purpose != "to sell" {
		t.Errorf("the file has %s", text)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v, %v", info.Mode(), err)
	}
	if again := eupayctl(t, "gdpr", "export", "--email", "jane@example.com", file); again.code != exitUsage || !strings.Contains(again.err, "--force") {
		t.Errorf("the file is replaced: %+v", again)
	}
	o.away = identity.EInvoice
	half := filepath.Join(t.TempDir(), "half.json")
	if c := eupayctl(t, "gdpr", "export", "--email", "jane@example.com", half); c.code != exitFailed || !strings.Contains(c.err, "einvoice") {
		t.Errorf("while a service is away: %+v", c)
	}
	if _, err := os.Stat(half); err == nil {
		t.Error("there is a file with half of the data")
	}
}

func TestAnErasureIsToldThenDoneAndLogged(t *testing.T) {
	o := atBureau(t)
	contains(t, eupayctl(t, "gdpr", "erase", "--email", "jane@example.com").err, "Nothing was changed", "--run")
	if len(o.asked) != 0 {
		t.Errorf("without --run it asks %q", o.asked)
	}
	c := eupayctl(t, "gdpr", "erase", "--email", "JANE@example.com", "--run", "--by", "Ann")
	contains(t, c.out, "ERASED", "the books")
	if c.code != 0 || !slices.Equal(o.asked, []string{"log", "webhooks", "einvoice", "qr", "payments", "gateway", "log"}) {
		t.Errorf("it ends with %d and asks %q", c.code, o.asked)
	}
	begun, done := o.notes[0], o.notes[1]
	if begun.GetDone() || !done.GetDone() || done.GetBy() != "Ann" || done.GetRows()["payments.things"] != 1 || len(done.GetRows()) != 5 {
		t.Errorf("the log has %v and %v", begun, done)
	}
	if h := done.GetSelectorSha256(); len(h) != 64 || h != begun.GetSelectorSha256() || strings.Contains(done.String(), "jane") {
		t.Errorf("the log names the person: %v", done)
	}
}

func TestAnErasureThatStopsInTheMiddleCanBeRunAgain(t *testing.T) {
	o := atBureau(t)
	o.away = identity.QR
	c := eupayctl(t, "gdpr", "erase", "--email", "jane@example.com", "--run", "--by", "Ann")
	if c.code != exitFailed || !slices.Equal(o.asked, []string{"log", "webhooks", "einvoice", "qr"}) {
		t.Errorf("it ends with %d and asks %q", c.code, o.asked)
	}
	contains(t, c.err, "run it again", "qr", "EUPAY_QR_ADDR")
	contains(t, c.out, "webhooks", "einvoice")
	if len(o.notes) != 1 || o.notes[0].GetDone() {
		t.Errorf("the log has %v", o.notes)
	}
	o.away, o.asked = "", nil
	if c := eupayctl(t, "gdpr", "erase", "--email", "jane@example.com", "--run", "--by", "Ann"); c.code != 0 || len(o.asked) != 7 {
		t.Errorf("again it ends with %d and asks %q: %s", c.code, o.asked, c.err)
	}
}

func TestNothingIsErasedWhileSomethingIsOpen(t *testing.T) {
	o := atBureau(t)
	o.open = "refund REF-2 (pending)"
	for _, args := range [][]string{nil, {"--run", "--by", "Ann"}} {
		c := eupayctl(t, append([]string{"gdpr", "erase", "--payment", "PAY-1"}, args...)...)
		if c.code != exitFailed || len(o.asked) != 0 || !strings.Contains(c.err, "REF-2") {
			t.Errorf("%q ends with %d, says %q and asks %q", args, c.code, c.err, o.asked)
		}
	}
}

// TestWhatIsOnItsWayIsReadBeforeAnythingIsErased: it was stored after the erasure, and nothing led to it any more.
func TestWhatIsOnItsWayIsReadBeforeAnythingIsErased(t *testing.T) {
	o := atBureau(t)
	o.late = "delivery 7 of subscription.cancelled"
	c := eupayctl(t, "gdpr", "erase", "--payment", "PAY-1", "--run", "--by", "Ann")
	if c.code != exitFailed || !o.waited || len(o.asked) != 0 || !strings.Contains(c.err, o.late) {
		t.Errorf("it ends with %d, says %q and asks %q", c.code, c.err, o.asked)
	}
}

func TestAPersonHasToBeChosen(t *testing.T) {
	atBureau(t)
	const id = "0190a000-0000-7000-8000-000000000001"
	for _, c := range []struct{ line, want string }{
		{"gdpr erase", "--email, --customer or --payment"},
		{"gdpr erase --merchant " + id, "--email, --customer or --payment"},
		{"gdpr erase --email a@b.c --payment PAY-1", "can't be used together"},
		{"gdpr erase --email jane", "--email must be an address"},
		{"gdpr erase --customer C-1042", "only with --merchant"},
		{"gdpr erase --customer C-1042 --merchant 7", "--merchant must be"},
		{"gdpr erase --email a@b.c --run", "--by"},
		{"gdpr export --email a@b.c", "file"},
	} {
		if got := eupayctl(t, strings.Fields(c.line)...); got.code != exitUsage || !strings.Contains(got.err, c.want) {
			t.Errorf("%s: %+v", c.line, got)
		}
	}
}
