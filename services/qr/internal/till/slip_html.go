package till

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
)

//go:embed slip.html
var slipHTML string

var slipPage = template.Must(template.New("slip").Parse(slipHTML))

// htmlRow is a row in the template.
type htmlRow struct {
	Class, Left, Right string
	Rule               bool
}

var classes = map[look]string{plain: "plain", strong: "strong", title: "title", centred: "centred", small: "small"}

// html is the slip as a page that needs nothing else, for a screen or a browser's printer.
func (s *slip) html() ([]byte, error) {
	page := struct {
		Language, Name string
		Rows           []htmlRow
	}{s.language, s.name, make([]htmlRow, len(s.rows))}
	for i, r := range s.rows {
		page.Rows[i] = htmlRow{classes[r.look], r.left, r.right, r.look == rule}
	}
	var b bytes.Buffer
	if err := slipPage.Execute(&b, page); err != nil {
		return nil, fmt.Errorf("render a slip: %w", err)
	}
	return b.Bytes(), nil
}
