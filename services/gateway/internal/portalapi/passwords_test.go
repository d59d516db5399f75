package portalapi

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/mail"
)

// letters are the mails that were sent.
type letters struct {
	mu   sync.Mutex
	sent []mail.Message
}

func (l *letters) Send(_ context.Context, m mail.Message) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, m)
	return nil
}

// mails sends what is queued and returns it.
func (f *fixture) mails(t *testing.T) []mail.Message {
	t.Helper()
	l := &letters{}
	f.accounts.Mails.Sender = l
	if err := f.accounts.Mails.SendDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	return l.sent
}

var codeInMail = regexp.MustCompile(`code: (\S+)`)

// mailed sends what is queued, which must be one mail to the address, and returns the code in it.
func (f *fixture) mailed(t *testing.T, to, subject string) string {
	t.Helper()
	list := f.mails(t)
	if len(list) != 1 || list[0].To != to || !strings.Contains(list[0].Subject, subject) {
		t.Fatalf("sent %+v", list)
	}
	code := codeInMail.FindStringSubmatch(list[0].Text)
	if code == nil {
		return ""
	}
	if !strings.Contains(list[0].HTML, `#token=`+code[1]+`"`) {
		t.Errorf("no link to the code in %s", list[0].HTML)
	}
	return code[1]
}

const nextPassword = "staple of paper clips"

func TestAForgottenPasswordIsReplacedByMail(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.register(t, "owner@example.com")
	f.must(t, as{}, "POST", "/auth/forgot", `{"email":"Owner@example.com"}`)
	code := f.mailed(t, "owner@example.com", "Reset")
	for _, row := range f.rows(t, `select t::text || m::text from mail_tokens t, mails m`) {
		if strings.Contains(row, code) {
			t.Fatal("the code is stored as it is")
		}
	}
	reset := `{"token":"` + code + `","password":"` + nextPassword + `"}`
	if r := f.refused(t, errs.ValidationError, as{}, "POST", "/auth/reset", `{"token":"`+code+`","password":"short"}`); r.fields() != "password" {
		t.Errorf("refused %s", r.text)
	}
	f.must(t, as{}, "POST", "/auth/reset", reset)
	if r := f.refused(t, errs.ValidationError, as{}, "POST", "/auth/reset", reset); r.fields() != "token" {
		t.Errorf("used twice: %s", r.text)
	}
	f.refused(t, errs.Unauthenticated, owner, "GET", "/merchant", "")
	f.refused(t, errs.InvalidLogin, as{}, "POST", "/auth/login", `{"email":"owner@example.com","password":"`+password+`"}`)
	f.must(t, as{}, "POST", "/auth/login", `{"email":"owner@example.com","password":"`+nextPassword+`"}`)
	f.mailed(t, "owner@example.com", "was changed")
}

func TestOnlyTheLatestMailCountsForHalfAnHour(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.register(t, "owner@example.com")
	var codes []string
	for range 2 {
		f.must(t, as{}, "POST", "/auth/forgot", `{"email":"owner@example.com"}`)
		codes = append(codes, f.mailed(t, "owner@example.com", "Reset"))
	}
	f.refused(t, errs.ValidationError, as{}, "POST", "/auth/reset", `{"token":"`+codes[0]+`","password":"`+nextPassword+`"}`)
	f.clock.Advance(30 * time.Minute)
	f.refused(t, errs.ValidationError, as{}, "POST", "/auth/reset", `{"token":"`+codes[1]+`","password":"`+nextPassword+`"}`)
}

// Nobody learns who has an account: not by the answer, and not by what is done for it.
func TestAnUnknownAddressIsAnsweredLikeAKnownOne(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.register(t, "owner@example.com")
	for _, email := range []string{"owner@example.com", "nobody@example.com"} {
		if r := f.call(t, as{}, "POST", "/auth/forgot", `{"email":"`+email+`"}`); r.status != 202 || r.text != "" {
			t.Errorf("%s: %d %s", email, r.status, r.text)
		}
		if rows := f.rows(t, `select kind from mails where recipient = '`+email+`' and user_id is null`); len(rows) != 1 {
			t.Errorf("%s: %d mails queued", email, len(rows))
		}
	}
	f.mailed(t, "owner@example.com", "Reset")
	for range 4 {
		f.must(t, as{}, "POST", "/auth/forgot", `{"email":"nobody@example.com"}`)
	}
	f.refused(t, errs.RateLimitExceeded, as{}, "POST", "/auth/forgot", `{"email":"nobody@example.com"}`)
}

func TestAMailIsInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.register(t, "owner@example.com")
	a := f.api.Call(t, "POST", "/auth/forgot", `{"email":"owner@example.com"}`, "Accept-Language", "fr-FR,fr;q=0.9,en;q=0.5")
	if a.Status != 202 {
		t.Fatal(a.Text)
	}
	if list := f.mails(t); len(list) != 1 || !strings.HasPrefix(list[0].Subject, "Réinitialisez") || !strings.Contains(list[0].HTML, `lang="fr"`) {
		t.Errorf("sent %+v", list)
	}
}

func TestAChangedPasswordEndsAllOtherSessions(t *testing.T) {
	t.Parallel()
	f := setup(t)
	other := f.register(t, "owner@example.com")
	who := f.login(t, "/auth/login", "owner@example.com")
	change := func(current, next string) string {
		return `{"current_password":"` + current + `","new_password":"` + next + `"}`
	}
	if r := f.refused(t, errs.ValidationError, who, "POST", "/auth/password", change("wrong password", nextPassword)); r.fields() != "current_password" {
		t.Errorf("refused %s", r.text)
	}
	f.must(t, who, "POST", "/auth/password", change(password, nextPassword))
	f.must(t, who, "GET", "/merchant", "")
	f.refused(t, errs.Unauthenticated, other, "GET", "/merchant", "")
	f.mailed(t, "owner@example.com", "was changed")
	f.must(t, as{}, "POST", "/auth/login", `{"email":"owner@example.com","password":"`+nextPassword+`"}`)
}

// Who has stolen a token cannot try passwords without end.
func TestTheCurrentPasswordCannotBeGuessed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	who := f.register(t, "owner@example.com")
	for range 10 {
		f.refused(t, errs.ValidationError, who, "POST", "/auth/password", `{"current_password":"wrong","new_password":"`+nextPassword+`"}`)
	}
	f.refused(t, errs.RateLimitExceeded, who, "POST", "/auth/password", `{"current_password":"`+password+`","new_password":"`+nextPassword+`"}`)
}

func TestPasswordsThatAreGuessedFirstAreRefused(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for word, taken := range map[string]bool{
		"password1234": false, "Password 2026!": false, "passwordpassword": false, "qwertyuiop123": false, "aaaaaaaaaaaaa": false, "abcabcabcabcabc": false,
		"123456789012345": false, "owner.one@example.com": false, "owner.one2026": false, "a b c d e f": false, "            ": false,
		nextPassword: true, "owner.one likes long words": true,
	} {
		r := f.call(t, as{}, "POST", "/customer/auth/register", `{"email":"owner.one@example.com","password":"`+word+`"}`)
		if (r.status == 201) != taken {
			t.Errorf("%q answers %d %s", word, r.status, r.text)
		}
		if _, err := f.pool.Exec(t.Context(), `truncate users cascade`); err != nil {
			t.Fatal(err)
		}
	}
}

func TestALoginFromANewBrowserIsMailed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.register(t, "owner@example.com")
	f.login(t, "/auth/login", "owner@example.com")
	if list := f.mails(t); len(list) != 0 {
		t.Fatalf("sent %+v", list)
	}
	body := `{"email":"owner@example.com","password":"` + password + `"}`
	f.api.Call(t, "POST", "/auth/login", body, "User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0")
	list := f.mails(t)
	if len(list) != 1 || !strings.Contains(list[0].Text, "Firefox on Linux (127.0.0.1)") || !strings.Contains(list[0].Text, "2026-06-17 12:00 UTC") {
		t.Errorf("sent %+v", list)
	}
}

// rows are the first columns of what the query returns.
func (f *fixture) rows(t *testing.T, sql string) []string {
	t.Helper()
	var list []string
	if err := f.pool.QueryRow(t.Context(), `select coalesce(array_agg(x), '{}') from (`+sql+`) as q(x)`).Scan(&list); err != nil {
		t.Fatal(err)
	}
	return list
}
