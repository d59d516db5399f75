package mailbox

import (
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
)

// maxDepth is the maximum nesting of parts.
const maxDepth = 5

// read parses a mail.
func read(r io.Reader) (Mail, error) {
	msg, err := mail.ReadMessage(r)
	if err != nil {
		return Mail{}, fmt.Errorf("read the header: %w", err)
	}
	one := Mail{Headers: map[string]string{}}
	for name := range msg.Header {
		one.Headers[name] = decoded(msg.Header.Get(name))
	}
	one.Subject = one.Headers["Subject"]
	if err := one.read(textproto.MIMEHeader(msg.Header), msg.Body, maxDepth); err != nil {
		return Mail{}, err
	}
	return one, nil
}

// decoded returns the text of a header, which may contain encoded words.
func decoded(s string) string {
	text, err := new(mime.WordDecoder).DecodeHeader(s)
	if err != nil {
		return s
	}
	return text
}

// read keeps the first plain text and the first HTML page.
func (m *Mail) read(h textproto.MIMEHeader, body io.Reader, depth int) error {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") && depth > 0 {
		return m.readParts(multipart.NewReader(body, params["boundary"]), depth-1)
	}
	switch strings.ToLower(h.Get("Content-Transfer-Encoding")) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		return fmt.Errorf("read a part: %w", err)
	}
	text := strings.ReplaceAll(string(raw), "\r\n", "\n")
	switch {
	case kind == "text/plain" && m.Text == "":
		m.Text = text
	case kind == "text/html" && m.HTML == "":
		m.HTML = text
	}
	return nil
}

func (m *Mail) readParts(r *multipart.Reader, depth int) error {
	for {
		// The raw part: read decodes it.
		part, err := r.NextRawPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the parts: %w", err)
		}
		if err := m.read(part.Header, part, depth); err != nil {
			return err
		}
	}
}
