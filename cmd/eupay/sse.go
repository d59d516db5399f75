package main

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"time"
)

const (
	maxLine = 4 << 20
	// silence is three keep-alives of the server.
	silence = 45 * time.Second
)

// message is a server-sent event.
type message struct{ id, name, data string }

// reader reads server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
type reader struct {
	lines  *bufio.Scanner
	lastID string
	// cut ends a connection on which nothing comes any more.
	cut *time.Timer
}

// newReader reads from body; cut is called when that is silent for too long.
func newReader(body io.Reader, cut func()) *reader {
	r := &reader{lines: bufio.NewScanner(body), cut: time.AfterFunc(silence, cut)}
	r.lines.Buffer(nil, maxLine)
	return r
}

// next waits for the next event. One without data only moves the position. The error is io.EOF when the server ended the stream.
func (r *reader) next() (message, error) {
	r.cut.Reset(silence)
	defer r.cut.Stop()
	var m message
	var data []string
	for r.lines.Scan() {
		r.cut.Reset(silence)
		line := r.lines.Text()
		if line == "" {
			if m.id != "" {
				r.lastID = m.id
			}
			if m.id == "" && data == nil {
				m = message{} // a comment, or nothing
				continue
			}
			m.data = strings.Join(data, "\n")
			return m, nil
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "id":
			m.id = value
		case "event":
			m.name = value
		case "data":
			data = append(data, value)
		}
	}
	if err := r.lines.Err(); err != nil {
		return message{}, errors.Join(errors.New("the stream broke"), err)
	}
	return message{}, io.EOF
}
