package privacy

import (
	"fmt"
	"strings"
)

// Page is the room's table in docs/personal-data.md.
func (r Room) Page() string {
	var b strings.Builder
	b.WriteString("| table and columns | what it is | what for | how long | an erasure |\n|---|---|---|---|---|\n")
	for _, h := range r.Holdings {
		erasing := h.Erasing
		if h.Duty != "" {
			erasing += " Stays: " + h.Duty + "."
		}
		fmt.Fprintf(&b, "| `%s`: %s | %s | %s | %s | %s |\n", h.Table, strings.Join(h.Columns, ", "), h.What, h.Why, h.Kept, strings.TrimSpace(erasing))
	}
	return b.String()
}
