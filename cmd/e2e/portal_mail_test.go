package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"github.com/google/uuid"
)

// portalAMerchantFollowsTheLinkOfTheMail registers where an address must be verified, as in a deployment: until then there is one page.
func portalAMerchantFollowsTheLinkOfTheMail(t *testing.T) {
	w := newWorld(t, map[string]string{"EUPAY_EMAIL_VERIFICATION": "true"})
	email := uuid.NewString() + "@example.com"
	b := openTab(t)
	b.goTo(w.stack.URL() + "/portal/register")
	b.fill("name", "Bistrot")
	b.fill("email", email)
	b.fill("password", password)
	b.press("#main form button.primary")
	b.arrives("/portal(/verify-email)?")
	b.goTo(w.stack.URL() + "/portal/payments")
	b.arrives("/portal/verify-email")
	link := w.linkOfTheMail(t, email)
	b.goTo("about:blank") // a mail program opens the link anew
	b.goTo(link)
	b.press("#main form[action='/portal/verify-email'] button")
	b.arrives("/portal")
	b.goTo(w.stack.URL() + "/portal/payments")
	b.arrives("/portal/payments")
}

var mailLink = regexp.MustCompile(`https?://\S+/portal/verify-email\S*`)

// linkOfTheMail waits for the mail that asks somebody to verify their address, and returns its link.
func (w *world) linkOfTheMail(t *testing.T, email string) (link string) {
	t.Helper()
	eventually(t, "the mail is in the sandbox mailbox", func() bool {
		for _, text := range w.mailsTo(t, email) {
			link = mailLink.FindString(text)
		}
		return link != ""
	})
	return link
}

// mailsTo are the texts of the mails that somebody has got so far.
func (w *world) mailsTo(t *testing.T, email string) (texts []string) {
	t.Helper()
	resp, err := w.client.Get(w.stack.System().MailboxURL() + "/mails?to=" + url.QueryEscape(email))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var got struct{ Mails []struct{ Text string } }
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("the mailbox answers %s, %v", resp.Status, err)
	}
	for _, m := range got.Mails {
		texts = append(texts, m.Text)
	}
	return texts
}
