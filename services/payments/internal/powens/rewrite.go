package powens

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// compact removes the whitespace between the tokens of a valid JSON text. If it contains what jsonb refuses (NUL, half a surrogate pair,
// invalid UTF-8), it is re-encoded with the replacement character instead.
func compact(body []byte) []byte {
	if !utf8.Valid(body) || bytes.Contains(body, []byte(`\u`)) && isOdd(body) {
		return rewrite(body)
	}
	out := make([]byte, 0, len(body))
	quoted, escaped := false, false
	for _, c := range body {
		switch {
		case escaped:
			escaped = false
		case c == '"':
			quoted = !quoted
		case quoted:
			escaped = c == '\\'
		case c == ' ' || c == '\n' || c == '\t' || c == '\r':
			continue
		}
		out = append(out, c)
	}
	return out
}

// isOdd reports whether a text may have an escaped NUL or surrogate.
func isOdd(body []byte) bool {
	return bytes.Contains(body, []byte(`\u0000`)) || bytes.Contains(bytes.ToLower(body), []byte(`\ud`))
}

// rewrite decodes and re-encodes a JSON text, so that every string is valid UTF-8 without NUL. Numbers keep their text.
func rewrite(body []byte) []byte {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return []byte("null")
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(withoutNUL(v)); err != nil {
		return []byte("null")
	}
	return bytes.TrimSpace(out.Bytes())
}

func withoutNUL(v any) any {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, "\x00", "\ufffd")
	case []any:
		for i := range v {
			v[i] = withoutNUL(v[i])
		}
		return v
	case map[string]any:
		clean := make(map[string]any, len(v))
		for key, value := range v {
			clean[strings.ReplaceAll(key, "\x00", "\ufffd")] = withoutNUL(value)
		}
		return clean
	default:
		return v
	}
}
