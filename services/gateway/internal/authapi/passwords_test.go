package authapi_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
)

var codeInMail = regexp.MustCompile(`code: (\S+)`)

// mailed sends the queue, which must be one mail to the address, and returns the code in it.
func (f *fixture) mailed(t *testing.T, to, subject string) string {
	t.Helper()
	list := f.Mails(t)
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
	owner := f.Register(t, "owner@example.com")
	f.Must(t, as{}, "POST", "/auth/forgot", `{"email":"Owner@example.com"}`)
	code := f.mailed(t, "owner@example.com", "Reset")
	for _, row := range f.Rows(t, `select t::text || m::text from mail_tokens t, mails m`) {
		if strings.Contains(row, code) {
			t.Fatal("the code is stored as it is")
		}
	}
	reset := `{"token":"` + code + `","password":"` + nextPassword + `"}`
	if r := f.Refused(t, errs.ValidationError, as{}, "POST", "/auth/reset", `{"token":"`+code+`","password":"short"}`); r.Fields() != "password" {
		t.Errorf("refused %s", r.Text)
	}
	f.Must(t, as{}, "POST", "/auth/reset", reset)
	if r := f.Refused(t, errs.ValidationError, as{}, "POST", "/auth/reset", reset); r.Fields() != "token" {
		t.Errorf("used twice: %s", r.Text)
	}
	f.Refused(t, errs.Unauthenticated, owner, "GET", "/merchant", "")
	f.Refused(t, errs.InvalidLogin, as{}, "POST", "/auth/login", `{"email":"owner@example.com","password":"`+password+`"}`)
	f.Must(t, as{}, "POST", "/auth/login", `{"email":"owner@example.com","password":"`+nextPassword+`"}`)
	f.mailed(t, "owner@example.com", "was changed")
}

func TestOnlyTheLatestMailIsValidForHalfAnHour(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.Register(t, "owner@example.com")
	var codes []string
	for range 2 {
		f.Must(t, as{}, "POST", "/auth/forgot", `{"email":"owner@example.com"}`)
		codes = append(codes, f.mailed(t, "owner@example.com", "Reset"))
	}
	f.Refused(t, errs.ValidationError, as{}, "POST", "/auth/reset", `{"token":"`+codes[0]+`","password":"`+nextPassword+`"}`)
	f.Clock.Advance(30 * time.Minute)
	f.Refused(t, errs.ValidationError, as{}, "POST", "/auth/reset", `{"token":"`+codes[1]+`","password":"`+nextPassword+`"}`)
}

// Neither the answer nor the time it takes reveals who has an account.
func TestAnUnknownAddressIsAnsweredLikeAKnownOne(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.Register(t, "owner@example.com")
	for _, email := range []string{"owner@example.com", "nobody@example.com"} {
		if r := f.Call(t, as{}, "POST", "/auth/forgot", `{"email":"`+email+`"}`); r.Status != 202 || r.Text != "" {
			t.Errorf("%s: %d %s", email, r.Status, r.Text)
		}
		if rows := f.Rows(t, `select kind from mails where recipient = '`+email+`' and user_id is null`); len(rows) != 1 {
			t.Errorf("%s: %d mails queued", email, len(rows))
		}
	}
	f.mailed(t, "owner@example.com", "Reset")
	for range 4 {
		f.Must(t, as{}, "POST", "/auth/forgot", `{"email":"nobody@example.com"}`)
	}
	f.Refused(t, errs.RateLimitExceeded, as{}, "POST", "/auth/forgot", `{"email":"nobody@example.com"}`)
}

func TestAMailIsInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.Register(t, "owner@example.com")
	a := f.API.Call(t, "POST", "/auth/forgot", `{"email":"owner@example.com"}`, "Accept-Language", "fr-FR,fr;q=0.9,en;q=0.5")
	if a.Status != 202 {
		t.Fatal(a.Text)
	}
	if list := f.Mails(t); len(list) != 1 || !strings.HasPrefix(list[0].Subject, "Réinitialisez") || !strings.Contains(list[0].HTML, `lang="fr"`) {
		t.Errorf("sent %+v", list)
	}
}

func TestAChangedPasswordEndsAllOtherSessions(t *testing.T) {
	t.Parallel()
	f := setup(t)
	other := f.Register(t, "owner@example.com")
	who := f.Login(t, "/auth/login", "owner@example.com")
	change := func(current, next string) string {
		return `{"current_password":"` + current + `","new_password":"` + next + `"}`
	}
	if r := f.Refused(t, errs.ValidationError, who, "POST", "/auth/password", change("wrong password", nextPassword)); r.Fields() != "current_password" {
		t.Errorf("refused %s", r.Text)
	}
	f.Must(t, who, "POST", "/auth/password", change(password, nextPassword))
	f.Must(t, who, "GET", "/merchant", "")
	f.Refused(t, errs.Unauthenticated, other, "GET", "/merchant", "")
	f.mailed(t, "owner@example.com", "was changed")
	f.Must(t, as{}, "POST", "/auth/login", `{"email":"owner@example.com","password":"`+nextPassword+`"}`)
}

// A stolen token does not permit unlimited guesses of the password.
func TestTheCurrentPasswordCannotBeGuessed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	who := f.Register(t, "owner@example.com")
	for range 10 {
		f.Refused(t, errs.ValidationError, who, "POST", "/auth/password", `{"current_password":"wrong","new_password":"`+nextPassword+`"}`)
	}
	f.Refused(t, errs.RateLimitExceeded, who, "POST", "/auth/password", `{"current_password":"`+password+`","new_password":"`+nextPassword+`"}`)
}

func TestCommonPasswordsAreRefused(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for word, taken := range map[string]bool{
		"password1234": false, "Password 2026!": false, "passwordpassword": false, "qwertyuiop123": false, "aaaaaaaaaaaaa": false, "abcabcabcabcabc": false,
		"123456789012345": false, "owner.one@example.com": false, "owner.one2026": false, "a b c d e f": false, "            ": false,
		nextPassword: true, "owner.one likes long words": true,
	} {
		r := f.Call(t, as{}, "POST", "/customer/auth/register", `{"email":"owner.one@example.com","password":"`+word+`"}`)
		if (r.Status == 201) != taken {
			t.Errorf("%q answers %d %s", word, r.Status, r.Text)
		}
		if _, err := f.Pool.Exec(t.Context(), `truncate users cascade`); err != nil {
			t.Fatal(err)
		}
	}
}

func TestALoginFromANewBrowserIsMailed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.Register(t, "owner@example.com")
	f.Login(t, "/auth/login", "owner@example.com")
	if list := f.Mails(t); len(list) != 0 {
		t.Fatalf("sent %+v", list)
	}
	body := `{"email":"owner@example.com","password":"` + password + `"}`
	f.API.Call(t, "POST", "/auth/login", body, "User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0")
	list := f.Mails(t)
	if len(list) != 1 || !strings.Contains(list[0].Text, "Firefox on Linux (127.0.0.1)") || !strings.Contains(list[0].Text, "2026-06-17 12:00 UTC") {
		t.Errorf("sent %+v", list)
	}
}
