package notice_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"european-pay.eu/eupay/services/gateway/internal/notice"
	"european-pay.eu/eupay/services/gateway/internal/postbox"
)

var kinds = []string{
	notice.PasswordReset, notice.PasswordChanged, notice.NewDevice, notice.VerifyEmail, notice.AddressTaken, notice.FactorEnabled, notice.FactorDisabled,
	notice.AppRemoved, notice.RecoveryUsed, notice.PasskeyAdded, notice.PasskeyRemoved, notice.IBANChanging, notice.IBANChanged, notice.IBANStopped,
	notice.PaymentDue, notice.PaymentReminder, notice.TicketMail,
}

var languages = []string{"en", "fr"}

const link = "https://pay.example.com/portal/reset-password#token=a&b"

func fields() map[string]string {
	return map[string]string{
		"Agent": "<script>alert(1)</script>", "IP": "192.0.2.7", "Time": "<b>now</b>", "Account": "FR76 <i>", "Effective": "<u>soon</u>", "Link": link, "Code": "<a>42",
		"Test": "[Test] ", "Merchant": "<i>Shop", "Description": "<b>now</b>", "Amount": "€1.00", "Day": "<u>1 July", "Until": "15 July",
	}
}

func write(t *testing.T, language, kind string) (subject, text, page string) {
	t.Helper()
	m, err := notice.Write(postbox.Mail{Kind: kind, Language: language}, fields())
	if err != nil {
		t.Fatal(err)
	}
	return m.Subject, m.Text, m.HTML
}

// A language that lacks a mail, or a mail that lacks what the other language tells, is found here and not by a reader.
func TestBothLanguagesHaveTheSameTexts(t *testing.T) {
	t.Parallel()
	field := regexp.MustCompile(`{{\.\w+}}`)
	for _, kind := range append(slices.Clone(kinds), "_frame", "_frame_customer", "_frame_ticket") {
		var told [2][]string
		var parts [2]int
		for i, language := range languages {
			raw, err := os.ReadFile("mails/" + language + "/" + kind + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			told[i], parts[i] = field.FindAllString(string(raw), -1), strings.Count(string(raw), "\n\n")
			slices.Sort(told[i])
		}
		if !slices.Equal(told[0], told[1]) || parts[0] != parts[1] {
			t.Errorf("%s: en has %v in %d parts, fr has %v in %d", kind, told[0], parts[0], told[1], parts[1])
		}
	}
	for _, language := range languages {
		files, err := os.ReadDir("mails/" + language)
		if err != nil {
			t.Fatal(err)
		}
		if len(files) != len(kinds)+3 {
			t.Errorf("%s has %d texts, and there are %d kinds and three frames", language, len(files), len(kinds))
		}
	}
}

func TestAMailIsTextAndAPage(t *testing.T) {
	t.Parallel()
	for _, language := range languages {
		for _, kind := range kinds {
			subject, text, page := write(t, language, kind)
			if subject == "" || strings.Contains(text+page, "<no value>") || !strings.Contains(text, "\n-- \nEU Pay ") {
				t.Errorf("%s/%s: %q %q", language, kind, subject, text)
			}
			for _, bad := range []string{"<script>", "<b>now", "<i>", "<u>", "<a>42", "<img", "http-equiv", "src="} {
				if strings.Contains(page, bad) {
					t.Errorf("%s/%s has %s:\n%s", language, kind, bad, page)
				}
			}
			if !strings.Contains(page, `<html lang="`+language+`">`) {
				t.Errorf("%s/%s: %s", language, kind, page)
			}
		}
	}
}

func TestALinkIsAButtonAndText(t *testing.T) {
	t.Parallel()
	const shown = "https://pay.example.com/portal/reset-password#token=a&amp;b"
	for _, kind := range []string{notice.PasswordReset, notice.VerifyEmail, notice.AddressTaken} {
		_, text, page := write(t, "fr", kind)
		if strings.Count(page, `href="`+shown+`"`) != 2 || !strings.Contains(page, ">"+shown+"</a>") || !strings.Contains(page, "Si le bouton ne fonctionne pas") {
			t.Errorf("%s: %s", kind, page)
		}
		if !strings.Contains(text, "\n"+link+"\n") {
			t.Errorf("%s: %s", kind, text)
		}
	}
	if _, _, page := write(t, "en", notice.PasswordReset); !strings.Contains(page, ">Choose a new password</a>") || !strings.Contains(page, ">&lt;a&gt;42</span>") {
		t.Error(page)
	}
}
