package kitchen

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // the times of French kitchens are known without files of the system

	"european-pay.eu/eupay/internal/slip"
)

// paris is the clock on tickets.
var paris = mustZone("Europe/Paris")

func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return zone
}

// ticket is what is printed of an order.
type ticket struct {
	Table, Type, Customer, Notes, Station string
	Number                                int64
	Livemode, Cancelled                   bool
	At                                    time.Time
	Items                                 []ticketItem
}

// ticketItem is a line, or a part of one that is a set menu, whose name is then SetMenu.
type ticketItem struct {
	Position, Quantity   int32
	Name, SetMenu, Notes string
	// Options are of the product, then of the set menu.
	Options   []string
	Course    int32
	StationID string
}

// keep leaves what a job is about: the lines of its station, and of its course.
func (t *ticket) keep(j *job) {
	var lines []Line
	for _, i := range t.Items {
		lines = append(lines, Line{Course: i.Course})
	}
	lowest := first(lines)
	kept := t.Items[:0]
	for _, i := range t.Items {
		now := i.Course == j.Course || j.Course == 0 && i.Course == lowest
		if now && (j.Station == "" || i.StationID == j.Station || i.StationID == "") {
			kept = append(kept, i)
		}
	}
	t.Items = kept
}

// words are what tickets say, by language.
var words = map[string]map[string]string{
	"fr": {
		"takeaway": "À EMPORTER", "course": "SUITE %d", "copy": "*** COPIE ***", "test": "*** TEST ***", "cancelled": "*** ANNULÉE ***", "number": "n° %d",
		"works": "L’imprimante fonctionne : àéèêçœ €",
	},
	"en": {
		"takeaway": "TAKEAWAY", "course": "COURSE %d", "copy": "*** COPY ***", "test": "*** TEST ***", "cancelled": "*** CANCELLED ***", "number": "no. %d",
		"works": "The printer works: àéèêçœ €",
	},
}

// paper is a ticket as it is printed.
type paper struct{ *slip.Slip }

// render lays a ticket out; nil is a test of the printer.
func (p *printer) render(t *ticket, j *job, now time.Time) paper {
	say, out := words[p.Language], paper{slip.New(int(p.Width))}
	if t == nil {
		out.Text(slip.Big, p.Name)
		out.Text(slip.Normal, now.In(paris).Format("02/01/2006 15:04"))
		out.Text(slip.Normal, say["works"])
		return out
	}
	if t.Cancelled {
		out.Text(slip.Big, say["cancelled"])
	}
	if j.Attempts > 0 {
		out.Text(slip.Big, say["copy"])
	}
	if !t.Livemode {
		out.Text(slip.Bold, say["test"])
	}
	if t.Type == "takeaway" {
		out.Text(slip.Big, say["takeaway"])
	}
	out.Text(slip.Big, t.Table)
	out.Text(slip.Bold, join(fmt.Sprintf(say["number"], t.Number), t.At.In(paris).Format("15:04"), t.Station, t.Customer))
	if j.Course > 0 {
		out.Text(slip.Big, fmt.Sprintf(say["course"], j.Course))
	}
	out.Rule()
	for _, i := range t.Items {
		out.item(i)
	}
	if t.Notes != "" {
		out.Rule()
		out.Text(slip.Bold, "! "+t.Notes)
	}
	return out
}

// item prints a line, or a part with the name of its set menu. The notes of a set menu are printed with each of its parts.
func (p paper) item(i ticketItem) {
	p.Text(slip.Big, fmt.Sprintf("%d x %s", i.Quantity, i.Name))
	if i.SetMenu != "" {
		p.Text(slip.Normal, "   ("+i.SetMenu+")")
	}
	for _, o := range i.Options {
		p.Text(slip.Normal, "   + "+o)
	}
	if i.Notes != "" {
		p.Text(slip.Bold, "   ! "+i.Notes)
	}
}

// in encodes the ticket.
func (p paper) in(mediaType string, utf8 bool) []byte {
	if mediaType == textOnly {
		return p.Plain(utf8)
	}
	return p.Star()
}

// join puts what there is on one line.
func join(parts ...string) string {
	var given []string
	for _, p := range parts {
		if p != "" {
			given = append(given, p)
		}
	}
	return strings.Join(given, "  ")
}
