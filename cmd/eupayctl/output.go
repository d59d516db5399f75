package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// printable escapes text of others (a reason, a description), so that it cannot control the operator's terminal. It uses JSON
// escapes, so JSON stays valid.
func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n', r == '\t', unicode.IsGraphic(r):
			b.WriteRune(r)
		case r > 0xffff:
			b.WriteRune(unicode.ReplacementChar)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// line is printable on one line, without tabs.
func line(s string) string { return printable(strings.Join(strings.Fields(s), " ")) }

// object writes v as JSON on a line of its own.
func (t *tool) object(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	_, err = fmt.Fprintln(t.out, printable(string(text)))
	return err
}

// table writes aligned columns; the caller flushes it.
func (t *tool) table(columns ...string) *tabwriter.Writer {
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	row(w, columns...)
	return w
}

func row(w io.Writer, columns ...string) { fmt.Fprintln(w, strings.Join(columns, "\t")) }

// clock formats a time such that --since accepts it.
func clock(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.UTC().Format("2006-01-02T15:04:05.000Z")
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// list prints a table, or nothing if objects are printed instead.
func (t *tool) list(columns ...string) *tabwriter.Writer {
	if t.json() {
		return tabwriter.NewWriter(io.Discard, 0, 0, 0, ' ', 0)
	}
	return t.table(columns...)
}
