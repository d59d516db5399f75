package account

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"strings"
	"text/template"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/mail"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/gateway/internal/device"
	"european-pay.eu/eupay/services/gateway/internal/postbox"
)

// The kinds of mails: each is a file in the folder of each language, whose first line is the subject.
const (
	mailReset           = "password_reset"
	mailPasswordChanged = "password_changed"
	mailNewDevice       = "new_device"
)

//go:embed mails/*/*.txt
var mailFiles embed.FS

var mailTexts = template.Must(parseMails())

func parseMails() (*template.Template, error) {
	all := template.New("")
	for _, language := range []string{"en", "fr"} {
		files, err := mailFiles.ReadDir("mails/" + language)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			text, err := mailFiles.ReadFile("mails/" + language + "/" + f.Name())
			if err != nil {
				return nil, err
			}
			if _, err := all.New(language + "/" + f.Name()).Option("missingkey=error").Parse(string(text)); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

var mailHTML = htmltemplate.Must(htmltemplate.New("").Parse(`<!doctype html>
<html lang="{{.Language}}"><body style="font-family:sans-serif;max-width:36em">
{{range .Paragraphs}}{{if .Link}}<p><a href="{{.Text}}">{{.Text}}</a></p>{{else}}<p>{{.Text}}</p>{{end}}
{{end}}</body></html>
`))

type paragraph struct {
	Text string
	Link bool
}

// WriteMail makes the text of a queued mail, with a new token where its reader needs one. It is postbox.ErrVoid when there is nobody to
// write to.
func (u *Users) WriteMail(ctx context.Context, tx pgx.Tx, m postbox.Mail) (mail.Message, error) {
	if mailTexts.Lookup(m.Language+"/"+m.Kind+".txt") == nil {
		return mail.Message{}, postbox.ErrVoid
	}
	fields := map[string]string{}
	for name, value := range m.Detail {
		fields[name] = value
	}
	var err error
	switch m.Kind {
	case mailReset:
		err = u.writeReset(ctx, tx, m, fields)
	case mailVerify:
		err = u.writeVerify(ctx, tx, &m, fields)
	}
	if err != nil {
		return mail.Message{}, err
	}
	return render(m, fields)
}

func render(m postbox.Mail, fields map[string]string) (mail.Message, error) {
	var text bytes.Buffer
	if err := mailTexts.ExecuteTemplate(&text, m.Language+"/"+m.Kind+".txt", fields); err != nil {
		return mail.Message{}, fmt.Errorf("write mail %s: %w", m.Kind, err)
	}
	subject, body, _ := strings.Cut(text.String(), "\n")
	page := struct {
		Language   string
		Paragraphs []paragraph
	}{Language: m.Language}
	for part := range strings.SplitSeq(strings.TrimSpace(body), "\n\n") {
		page.Paragraphs = append(page.Paragraphs, paragraph{part, part == fields["Link"]})
	}
	var html bytes.Buffer
	if err := mailHTML.Execute(&html, page); err != nil {
		return mail.Message{}, fmt.Errorf("write mail %s: %w", m.Kind, err)
	}
	return mail.Message{Subject: subject, Text: body, HTML: html.String()}, nil
}

// writeReset makes the token of a new password for whoever has the address. That nobody has it is seen here and not in the request, so
// the request takes as long for everybody.
func (u *Users) writeReset(ctx context.Context, tx pgx.Tx, m postbox.Mail, fields map[string]string) error {
	user, err := userByEmail(ctx, tx, m.To)
	if errors.Is(err, errNoUser) || (err == nil && user.Disabled) {
		return postbox.ErrVoid
	}
	if err != nil {
		return err
	}
	code, err := u.newMailToken(ctx, tx, user.ID, purposeReset, resetLife)
	fields["Code"], fields["Link"] = code, u.page("reset-password", code)
	return err
}

// page is a page of the portal that takes a token. The token is behind the #, which no server on the way sees.
func (u *Users) page(name, token string) string {
	link := strings.TrimRight(u.portalURL, "/") + "/" + name
	if token != "" {
		link += "#token=" + token
	}
	return link
}

// notify queues a mail to the user about what happened from a device.
func notify(ctx context.Context, tx pg.DB, user User, kind string, from device.Device, now time.Time) error {
	return postbox.Add(ctx, tx, postbox.Mail{
		Kind: kind, To: user.Email, UserID: user.ID, Language: from.Language, CreatedAt: now,
		Detail: map[string]string{"Device": device.Name(from.UserAgent), "IP": from.IPText(), "Time": mailTime(now)},
	})
}
