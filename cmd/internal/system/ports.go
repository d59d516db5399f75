package system

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"

	"european-pay.eu/eupay/internal/freeport"
	"european-pay.eu/eupay/internal/identity"
)

// Ports on loopback. 0 in a request means any free one; in a System every port is known.
type Ports struct {
	HTTP           int
	Bank           int
	BankManagement int
	// Invoicing is the sandbox e-invoicing platform.
	Invoicing           int
	InvoicingManagement int
	NATS                int
	Postgres            int
	S3                  int
	// Pages is the portal, to which the gateway hands requests for pages on.
	Pages int
	// SMTP is the sandbox mailbox, Mailbox where its mails are read.
	SMTP    int
	Mailbox int
	// GRPC and Management are the ports of each service by name.
	GRPC       map[string]int
	Management map[string]int
}

// Names of the six services, in the order in which they start: the gateway last, because it asks the others.
var Names = []string{Payments, Webhooks, QR, EInvoice, Portal, Gateway}

// The services.
const (
	Payments = identity.Payments
	Webhooks = identity.Webhooks
	QR       = identity.QR
	EInvoice = identity.EInvoice
	Gateway  = identity.Gateway
	Portal   = "portal" // it has no identity: it calls the public API alone
)

// Usual are the default ports.
func Usual() Ports {
	return Ports{
		HTTP: 8080, Bank: 4010, BankManagement: 4011, Invoicing: 4020, InvoicingManagement: 4021, NATS: 4222, Postgres: 5433, S3: 4012, Pages: 8090,
		SMTP: 4030, Mailbox: 4031,
		GRPC:       map[string]int{Gateway: 9100, Payments: 9101, Webhooks: 9102, QR: 9103, EInvoice: 9104},
		Management: map[string]int{Gateway: 9200, Payments: 9201, Webhooks: 9202, QR: 9203, EInvoice: 9204, Portal: 9205},
	}
}

// Prefer returns want, with its zeros replaced by the usual port if that is free, else by any free port. A required port that is
// in use is an error, because the caller would look for the system there.
func Prefer(want, usual Ports) (Ports, error) {
	r := reservation{}
	defer r.release()
	got := Ports{
		HTTP:                r.take("PORT", want.HTTP, usual.HTTP),
		Bank:                r.take("EUPAY_BANK_PORT", want.Bank, usual.Bank),
		BankManagement:      r.take("EUPAY_BANK_MGMT_PORT", want.BankManagement, usual.BankManagement),
		Invoicing:           r.take("EUPAY_INVOICING_PORT", want.Invoicing, usual.Invoicing),
		InvoicingManagement: r.take("EUPAY_INVOICING_MGMT_PORT", want.InvoicingManagement, usual.InvoicingManagement),
		NATS:                r.take("EUPAY_NATS_PORT", want.NATS, usual.NATS),
		Postgres:            r.take("EUPAY_POSTGRES_PORT", want.Postgres, usual.Postgres),
		S3:                  r.take("EUPAY_S3_PORT", want.S3, usual.S3),
		Pages:               r.take("EUPAY_PAGES_PORT", want.Pages, usual.Pages),
		SMTP:                r.take("EUPAY_SMTP_PORT", want.SMTP, usual.SMTP),
		Mailbox:             r.take("EUPAY_MAILBOX_PORT", want.Mailbox, usual.Mailbox),
		GRPC:                make(map[string]int, len(Names)),
		Management:          make(map[string]int, len(Names)),
	}
	for _, name := range Names {
		if name != Portal {
			got.GRPC[name] = r.take("GRPC", want.GRPC[name], usual.GRPC[name])
		}
		got.Management[name] = r.take("Management", want.Management[name], usual.Management[name])
	}
	return got, errors.Join(r.problems...)
}

// reservation holds every port until all are chosen, so that none is chosen twice.
type reservation struct {
	listeners []net.Listener
	problems  []error
}

// take reserves a port; setting is the name of the setting that changes it.
func (r *reservation) take(setting string, want, usual int) int {
	if want != 0 {
		return r.listen(setting, want)
	}
	if usual != 0 {
		if l, err := net.Listen("tcp", Loopback(usual)); err == nil {
			return r.keep(l)
		}
	}
	l, err := freeport.Listen()
	if err != nil {
		r.problems = append(r.problems, err)
		return 0
	}
	return r.keep(l)
}

func (r *reservation) listen(setting string, port int) int {
	l, err := net.Listen("tcp", Loopback(port))
	if err != nil {
		r.problems = append(r.problems, unusable(setting, port, err))
		return 0
	}
	return r.keep(l)
}

// unusable explains in a sentence why a port cannot be used, and what to do.
func unusable(setting string, port int, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("port %d is taken by %s: stop it, or set %s to another port (0: any free one)", port, holder(port), setting)
	}
	return fmt.Errorf("port %d cannot be used (%w): set %s to another port (0: any free one)", port, err, setting)
}

func (r *reservation) keep(l net.Listener) int {
	r.listeners = append(r.listeners, l)
	return l.Addr().(*net.TCPAddr).Port
}

func (r *reservation) release() {
	for _, l := range r.listeners {
		if err := l.Close(); err != nil {
			r.problems = append(r.problems, err)
		}
	}
}

// Loopback returns the address of a port that only this machine reaches.
func Loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
