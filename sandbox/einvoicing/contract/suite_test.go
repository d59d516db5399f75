package contract

import (
	"os"
	"slices"
	"testing"

	"european-pay.eu/eupay/sandbox/internal/rigtest"
)

func TestMain(m *testing.M) { rigtest.Main(m, "sandbox/einvoicing.(*") }

// check is one promise of the API: what holds, where it is written, and how it is seen.
type check struct {
	name, section string
	run           func(*platform)
}

// everywhere are the checks that need no proof of who a merchant is: they hold at the stand-in and at the real platform.
var everywhere = []check{
	{"the key is the header", "Authentication: APIKeyHeader", keys},
	{"a client is named", "Authentication: X-PDP-Client-Id", namedClients},
	{"clients come and go", "Clients", clients},
	{"wrong clients are refused", "Clients: lengths", wrongClients},
	{"a mandate begins", "Mandates", mandates},
	{"wrong mandates are refused", "Mandates: directory_entry", wrongMandates},
	{"a link to prove who it is", "Clients: onboarding link", links},
	{"the directory", "Directory", directory},
	{"a draft may be incomplete", "Drafts", drafts},
	{"data is validated without a draft", "Drafts: validate-data", validateData},
	{"a draft is read strictly", "Drafts: EN 16931 JSON", wrongJSON},
	{"nothing is issued without a mandate", "Mandates: active", withoutMandate},
	{"event types", "Webhooks: event types", eventTypes},
	{"calls are counted", "Usage metrics", usage},
	{"unknown things are not found", "Errors", unknown},
}

// withMandate are the checks that need what only the stand-in has: an approval, a buyer, a clock.
var withMandate = []check{
	{"a mandate has its states", "Mandates: status", mandateStates},
	{"a mandate begins with its day", "Mandates: start_date", mandateBegins},
	{"a link ends", "Clients: onboarding link is time-limited", linkEnds},
	{"a draft is validated once", "Drafts: validate", validated},
	{"a document is refused with details", "Drafts: validate, 422", refusedDocuments},
	{"a number is used once", "Drafts: the number of an invoice; annex 7, G1.42", duplicates},
	{"a file comes without a draft", "Invoicing: submit", submittedFiles},
	{"an invoice comes back", "Invoicing: invoice_data and files", comesBack},
	{"an invoice travels", "Lifecycle events; DGFiP specifications, table 8", travels},
	{"each status has its code", "Lifecycle events: status codes", statuses},
	{"the steps between platforms have an order", "DGFiP specifications, table 8", wayOrder},
	{"what is over is over", "Lifecycle: refused and rejected", isOver},
	{"a private customer's stays", "DGFiP specifications: flux 10.3", privateStays},
	{"the buyer decides by its SIREN", "stand-in: sandbox/README.md", byWish},
	{"a correction names what was deposited", "BT-25; REJ_COH", corrections},
	{"sales are reported", "Reporting: b2c-transactions", reportedSales},
	{"a first report says something", "DGFiP specifications: annex 7, TG-31", nothingSold},
	{"payments of a period are reported", "Reporting: payments", reportedPayments},
	{"money of an invoice is status 212", "Reporting: payments of an invoice", collections},
	{"suppliers' invoices are received and answered", "Webhooks: invoice.received; DGFiP specifications, table 8", receives},
	{"nobody sees another's", "Authentication: X-PDP-Client-Id", anothers},
	{"webhooks tell of it", "Webhooks", told},
	{"a webhook is signed", "Webhooks: HMAC-SHA256", signedNotices},
	{"a failed webhook comes again", "Webhooks", againNotices},
	{"one webhook per sponsor", "Webhooks: one per sponsor", oneWebhook},
	{"an outage, a limit, a key taken back", "Errors", outages},
}

// named runs a check; when it fails it says where its promise comes from.
func (c check) named(t *testing.T, open func(*testing.T) *platform) {
	t.Helper()
	t.Run(c.name, func(t *testing.T) {
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("this is from: %s", c.section)
			}
		})
		c.run(open(t))
	})
}

func TestTheStandInKeepsTheContract(t *testing.T) {
	t.Parallel()
	for _, c := range slices.Concat(everywhere, withMandate) {
		c.named(t, func(t *testing.T) *platform {
			t.Helper()
			return serve(t)
		})
	}
}

func TestThePlatformKeepsTheContract(t *testing.T) {
	t.Parallel()
	address, key := os.Getenv("EUPAY_SEQINO_CONTRACT_URL"), os.Getenv("EUPAY_SEQINO_CONTRACT_KEY")
	if address == "" || key == "" {
		t.Skip("THE REAL PLATFORM IS NOT HELD TO THE CONTRACT: set EUPAY_SEQINO_CONTRACT_URL and EUPAY_SEQINO_CONTRACT_KEY")
	}
	for _, c := range everywhere {
		c.named(t, func(t *testing.T) *platform {
			t.Helper()
			return &platform{T: t, baseURL: address, key: key, run: newRun()}
		})
	}
	for _, c := range withMandate {
		t.Logf("left out, since it needs an approval, a buyer or a clock: %s", c.name)
	}
}
