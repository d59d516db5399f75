// Package components serves a page with every component in every state, in both themes, for those who change them. It is there in
// development only.
package components

import (
	"embed"
	"net/http"
	"time"

	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

// Register adds the page to a site for development. Other sites know nothing of it.
func Register(s *web.Site) error {
	if s.Development {
		s.Open("GET /portal/_components", page)
	}
	return s.Templates("components", templates)
}

// bar is one of the chart, in units of the drawing.
type bar struct{ X, Y, Width, Height int }

// side is one theme. Form has nothing wrong, Wrong has. Their fields have the theme in their names, because ids are unique.
type side struct {
	Theme       string
	Form, Wrong *web.Form
	States      []string
	Bars        []bar
	Paging      web.Paging
	At          time.Time
	Code        web.QR
	// Long is a text that no box is wide enough for.
	Long string
}

func page(r *web.Request) error {
	var sides []side
	for _, theme := range []string{"light", "dark"} {
		s, err := sideOf(theme)
		if err != nil {
			return err
		}
		sides = append(sides, s)
	}
	return r.Render(http.StatusOK, "components/page", sides)
}

func sideOf(theme string) (side, error) {
	code, err := web.NewQR("https://european-pay.eu/pay/EUP-D0A1C4B8D7E2")
	if err != nil {
		return side{}, err
	}
	wrong := web.NewForm(theme+"-wrong", "12,5x", theme+"-wrong-area", "Too long", theme+"-wrong-choice", "b")
	for _, name := range []string{"-wrong", "-wrong-area", "-wrong-choice"} {
		wrong.Wrong(theme+name, "Say what is wrong and what to do, such as: enter an amount like 29.99.")
	}
	wrong.Problem = "What is wrong with the whole form."
	return side{
		Theme: theme, Form: web.NewForm(theme+"-filled", "Noisette", theme+"-amount", "29.99", theme+"-choice", "b", theme+"-on", "1"), Wrong: wrong, States: web.States(),
		Bars: bars(), Paging: web.Paging{Page: 2, Pages: 7, Total: 170, Previous: 1, NextNumber: 3}, At: time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC), Code: code,
		Long: "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverordnung-0123456789-0123456789",
	}, nil
}

func bars() (list []bar) {
	for n, height := range []int{0, 12, 40, 95, 160, 120, 64, 3, 0, 30, 78, 110} {
		list = append(list, bar{X: n*60 + 8, Y: 160 - height, Width: 44, Height: height})
	}
	return list
}
