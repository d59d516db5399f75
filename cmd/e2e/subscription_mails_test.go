package e2e

import (
	"errors"
	"io"
	"net/http"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	eupay "european-pay.eu/eupay/sdk/go"
)

var linkInMail = regexp.MustCompile(`https?://\S+/l/\w+`)

// TestACustomerPaysByTheLinkOfTheMail: the customer of a subscription reads the mail, opens its link and pays; the occurrence is paid.
func TestACustomerPaysByTheLinkOfTheMail(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	email := uuid.NewString() + "@example.com"
	asked := eupay.SubscriptionParams{
		Amount: 2990, Frequency: eupay.Yearly, StartDate: inParis(t, 3), Description: "Chess club", Collect: eupay.CollectLinks, NotifyCustomer: eupay.Ptr(true),
		SuccessURL: m.site.url + "/success", CancelURL: m.site.url + "/cancel",
	}
	if _, err := m.client.Subscriptions.Create(t.Context(), asked); !errors.Is(err, eupay.ErrValidation) {
		t.Errorf("without an address: %v", err)
	}
	asked.Customer = &eupay.Payer{FirstName: "Ada", LastName: "Lovelace", Email: email}
	byBank := asked
	byBank.Collect = eupay.CollectBank
	if _, err := m.client.Subscriptions.Create(t.Context(), byBank); !errors.Is(err, eupay.ErrValidation) {
		t.Errorf("where the bank collects: %v", err)
	}
	s, err := m.client.Subscriptions.Create(t.Context(), asked)
	if err != nil || !s.NotifyCustomer {
		t.Fatalf("%+v, %v", s, err)
	}
	var link string
	eventually(t, "the customer has the mail", func() bool {
		for _, text := range m.w.mailsTo(t, email) {
			link = linkInMail.FindString(text)
		}
		return link != ""
	})
	mails := m.w.mailsTo(t, email)
	if len(mails) != 1 || !strings.Contains(mails[0], "Chess club") {
		t.Errorf("the mails say %q", mails)
	}
	resp, err := m.w.client.Get(m.w.stack.System().MailPages())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if page, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(page), email) {
		t.Errorf("the sandbox mailbox shows %d %s, %v", resp.StatusCode, page, err)
	}
	begun, err := m.w.caller().client("", "").Payers.PayLink(t.Context(), path.Base(link), eupay.LinkPaymentParams{IdempotencyKey: uuid.NewString()})
	if err != nil || begun.Amount != 2990 {
		t.Fatalf("the customer pays %+v, %v", begun, err)
	}
	m.w.bank().authorise(t, begun.Reference, nil)
	eventually(t, "the occurrence is paid", func() bool {
		o := m.occurrences(t, s.ID)[0]
		return o.Status == eupay.OccurrencePaid && o.EvidenceReference == begun.Reference
	})
	paid, err := m.client.Payments.List(t.Context(), eupay.PaymentListParams{PaymentLinkID: m.occurrences(t, s.ID)[0].PaymentLinkID, Settled: eupay.SettledNo})
	if err != nil || len(paid.Data) != 1 || paid.Data[0].Reference != begun.Reference {
		t.Errorf("the payments of the link are %+v, %v", paid, err)
	}
	other := shared.newMerchant(t)
	if theirs, err := other.client.Payments.List(t.Context(), eupay.PaymentListParams{PaymentLinkID: paid.Data[0].PaymentLinkID}); err != nil || len(theirs.Data) != 0 {
		t.Errorf("another merchant lists %+v, %v", theirs, err)
	}
}
