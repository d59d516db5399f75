package notice

import (
	"bytes"
	"embed"
	"fmt"
	htmltemplate "html/template"
	"strings"
	"text/template"

	"european-pay.eu/eupay/internal/mail"
	"european-pay.eu/eupay/services/gateway/internal/postbox"
)

//go:embed mails/*/*.txt
var files embed.FS

var texts = template.Must(parse())

func parse() (*template.Template, error) {
	all := template.New("")
	for _, language := range []string{"en", "fr"} {
		list, err := files.ReadDir("mails/" + language)
		if err != nil {
			return nil, err
		}
		for _, f := range list {
			text, err := files.ReadFile("mails/" + language + "/" + f.Name())
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

var page = htmltemplate.Must(htmltemplate.New("").Parse(`<!doctype html>
<html lang="{{.Language}}"><body style="font-family:sans-serif;max-width:36em">
{{range .Paragraphs}}{{if .Link}}<p><a href="{{.Text}}">{{.Text}}</a></p>{{else}}<p>{{.Text}}</p>{{end}}
{{end}}</body></html>
`))

type paragraph struct {
	Text string
	Link bool
}

// Known reports whether there is a text for the mail.
func Known(m postbox.Mail) bool { return texts.Lookup(nameOf(m)) != nil }

func nameOf(m postbox.Mail) string { return m.Language + "/" + m.Kind + ".txt" }

// Write makes the mail from its text and the fields that this names. A paragraph that is the field Link is one in HTML.
func Write(m postbox.Mail, fields map[string]string) (mail.Message, error) {
	var text bytes.Buffer
	if err := texts.ExecuteTemplate(&text, nameOf(m), fields); err != nil {
		return mail.Message{}, fmt.Errorf("write mail %s: %w", m.Kind, err)
	}
	subject, body, _ := strings.Cut(text.String(), "\n")
	content := struct {
		Language   string
		Paragraphs []paragraph
	}{Language: m.Language}
	for part := range strings.SplitSeq(strings.TrimSpace(body), "\n\n") {
		content.Paragraphs = append(content.Paragraphs, paragraph{part, part == fields["Link"]})
	}
	var html bytes.Buffer
	if err := page.Execute(&html, content); err != nil {
		return mail.Message{}, fmt.Errorf("write mail %s: %w", m.Kind, err)
	}
	return mail.Message{Subject: subject, Text: body, HTML: html.String()}, nil
}
