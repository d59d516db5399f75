package notice

import (
	"bytes"
	"embed"
	"fmt"
	htmltemplate "html/template"
	"strings"
	"text/template"

	"european-pay.eu/eupay/internal/mail"
	"european-pay.eu/eupay/services/gateway/internal/device"
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

//go:embed mails/page.html
var pageText string

var page = htmltemplate.Must(htmltemplate.New("").Parse(pageText))

// frame has what the pages of a language have in common: what stands before the address that a button leads to, and the last words.
// Customers of a merchant have no account here, and read why they get the mail.
const (
	frame           = "_frame.txt"
	frameOfCustomer = "_frame_customer.txt"
	frameOfTicket   = "_frame_ticket.txt"
)

// paragraph of a mail. One of Label and Code may be set: a button to the link of the mail, or a code at the end of the text.
type paragraph struct{ Text, Label, Code string }

type content struct {
	Language, Subject, Link, LinkText, Footer string
	Paragraphs                                []paragraph
}

// Known reports whether there is a text for the mail.
func Known(m postbox.Mail) bool { return texts.Lookup(nameOf(m)) != nil }

func nameOf(m postbox.Mail) string { return m.Language + "/" + m.Kind + ".txt" }

// Write makes the mail from its text and the fields that this names. What happened on a device has the field Agent.
func Write(m postbox.Mail, fields map[string]string) (mail.Message, error) {
	if agent, ok := fields["Agent"]; ok {
		fields["Device"] = device.NameIn(agent, m.Language)
	}
	var text, html bytes.Buffer
	if err := texts.ExecuteTemplate(&text, nameOf(m), fields); err != nil {
		return mail.Message{}, fmt.Errorf("write mail %s: %w", m.Kind, err)
	}
	subject, body, _ := strings.Cut(text.String(), "\n")
	c, err := contentOf(m, subject, body, fields)
	if err != nil {
		return mail.Message{}, err
	}
	if err := page.Execute(&html, c); err != nil {
		return mail.Message{}, fmt.Errorf("write mail %s: %w", m.Kind, err)
	}
	return mail.Message{Subject: subject, Text: strings.TrimSpace(body) + "\n\n-- \n" + c.Footer + "\n", HTML: html.String()}, nil
}

// contentOf divides the text into the paragraphs of a page. A line above the field Link is the label of a button, and the field Code at
// the end of a paragraph is shown large.
func contentOf(m postbox.Mail, subject, body string, fields map[string]string) (content, error) {
	var words bytes.Buffer
	around := frame
	switch m.Kind {
	case PaymentDue, PaymentReminder:
		around = frameOfCustomer
	case TicketMail:
		around = frameOfTicket
	}
	if err := texts.ExecuteTemplate(&words, m.Language+"/"+around, fields); err != nil {
		return content{}, fmt.Errorf("write the frame of mail %s: %w", m.Kind, err)
	}
	c := content{Language: m.Language, Subject: subject, Link: fields["Link"]}
	c.LinkText, c.Footer, _ = strings.Cut(strings.TrimSpace(words.String()), "\n")
	for text := range strings.SplitSeq(strings.TrimSpace(body), "\n\n") {
		c.Paragraphs = append(c.Paragraphs, paragraphOf(text, c.Link, fields["Code"]))
	}
	return c, nil
}

func paragraphOf(text, link, code string) paragraph {
	if label, ok := strings.CutSuffix(text, "\n"+link); ok && link != "" {
		return paragraph{Label: strings.TrimRight(label, " :")}
	}
	if before, ok := strings.CutSuffix(text, code); ok && code != "" {
		return paragraph{Text: before, Code: code}
	}
	return paragraph{Text: text}
}
