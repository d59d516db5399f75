package docs

import (
	"regexp"
	"slices"
	"strings"
)

// entry is what the search finds.
type entry struct {
	Title string `json:"title"`
	Path  string `json:"path"`
	// Where it is: the page or the endpoint.
	Where string `json:"where"`
	Text  string `json:"text"`
	// Kind is page, section, operation, error or event.
	Kind string `json:"kind"`
}

// shortest texts are enough to recognise a place.
const excerpt = 220

var marks = regexp.MustCompile("[`*_#>|]+|\\[!?[A-Z]+\\]|\\]\\([^)]*\\)|\\[")

// short is the beginning of a text without its marks.
func short(markdown string) string {
	text := []rune(strings.Join(strings.Fields(marks.ReplaceAllString(markdown, " ")), " "))
	if len(text) <= excerpt {
		return string(text)
	}
	return strings.TrimSpace(string(text[:excerpt])) + "…"
}

// find is the search without a script. Every word of the query must be there; a title counts more than a text. docs.js ranks the same way.
func find(entries []entry, query string) []entry {
	words := strings.Fields(strings.ToLower(query))
	if len(words) == 0 {
		return nil
	}
	type hit struct {
		entry
		score int
	}
	var hits []hit
	for _, e := range entries {
		if s := score(e, words); s > 0 {
			hits = append(hits, hit{e, s})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return b.score - a.score })
	var out []entry
	for _, h := range hits[:min(len(hits), maxHits)] {
		out = append(out, h.entry)
	}
	return out
}

const maxHits = 30

// weights decide between equals: a guide explains more than a code does.
var weights = map[string]int{"page": 5, "section": 3, "operation": 3}

func score(e entry, words []string) int {
	title, where, text := strings.ToLower(e.Title), strings.ToLower(e.Where), strings.ToLower(e.Text)
	sum := 0
	if title == strings.Join(words, " ") {
		sum += 100
	}
	for _, w := range words {
		switch {
		case strings.HasPrefix(title, w):
			sum += 40
		case strings.Contains(" "+title, " "+w):
			sum += 30
		case strings.Contains(title, w):
			sum += 20
		case strings.Contains(where, w):
			sum += 10
		case strings.Contains(text, w):
			sum += 4
		default:
			return 0
		}
	}
	return sum + weights[e.Kind]
}
