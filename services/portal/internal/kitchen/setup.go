package kitchen

import (
	"net/http"
	"slices"
	"strings"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

const setupHome = home + "/setup"

// shownJobs is how many tickets the page shows.
const shownJobs = 20

func registerSetup(s *web.Site) {
	s.For(web.Shop, "GET /portal/kitchen/setup", setupPage)
	s.Once(web.Shop, "POST /portal/kitchen/setup/stations", createStation)
	s.For(web.Shop, "POST /portal/kitchen/setup/stations/{id}", updateStation)
	s.For(web.Shop, "POST /portal/kitchen/setup/stations/{id}/delete", deleteStation)
	s.Once(web.Shop, "POST /portal/kitchen/setup/printers", createPrinter)
	s.For(web.Shop, "POST /portal/kitchen/setup/printers/{id}/delete", deletePrinter)
	s.Once(web.Shop, "POST /portal/kitchen/setup/printers/{id}/token", renewPrinter)
	s.Once(web.Shop, "POST /portal/kitchen/setup/printers/{id}/test", testPrinter)
	s.Once(web.Shop, "POST /portal/kitchen/setup/jobs/{id}/again", printAgain)
}

// setup is the page of stations and printers.
type setup struct {
	Form     *web.Form
	Stations []eupay.Station
	Printers []eupay.Printer
	Jobs     []eupay.PrintJob
	// Shown is a printer with the address that is shown once.
	Shown *eupay.Printer
}

// Categories are those of a station, as a line.
func (setup) Categories(s eupay.Station) string { return strings.Join(s.Categories, ", ") }

// StationNames are those of a printer, as a line.
func (v setup) StationNames(p eupay.Printer) string {
	var names []string
	for _, s := range v.Stations {
		if slices.Contains(p.Stations, s.ID) {
			names = append(names, s.Name)
		}
	}
	return strings.Join(names, ", ")
}

// PrinterName is that of a ticket.
func (v setup) PrinterName(j eupay.PrintJob) string {
	for _, p := range v.Printers {
		if p.ID == j.PrinterID {
			return p.Name
		}
	}
	return ""
}

func setupPage(r *web.Request) error { return showSetup(r, http.StatusOK, web.NewForm(), nil) }

func showSetup(r *web.Request, status int, f *web.Form, shown *eupay.Printer) error {
	v := setup{Form: f, Shown: shown}
	var err error
	if v.Stations, err = r.API.Kitchen.Stations(r.Ctx()); err != nil {
		return err
	}
	if v.Printers, err = r.API.Kitchen.Printers(r.Ctx()); err != nil {
		return err
	}
	jobs, err := r.API.Kitchen.PrintJobs(r.Ctx(), eupay.PrintJobParams{Limit: shownJobs})
	if err != nil {
		return err
	}
	v.Jobs = jobs.Data
	return r.Render(status, "kitchen/setup", v)
}

// apply does what a form says and leads back to the page, or shows why it was refused.
func apply(r *web.Request, notice string, do func(*web.Form) error) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	if err := do(f); err != nil {
		return refused(r, f, err)
	}
	return r.Redirect(setupHome, notice)
}

// refused shows why. The page has two forms with a name, so the fields are not called as the API calls them.
func refused(r *web.Request, f *web.Form, err error) error {
	if web.Missing(err) || !r.Refused(f, err) {
		return err
	}
	for _, field := range []string{"station_name", "printer_name"} {
		if wrong, ok := f.Fields["name"]; ok && f.Values.Has(field) {
			f.Wrong(field, wrong)
		}
	}
	return showSetup(r, http.StatusUnprocessableEntity, f, nil)
}

// categories reads names with commas between them.
func categories(text string) *[]string {
	list := []string{}
	for _, name := range strings.Split(text, ",") {
		if name = strings.TrimSpace(name); name != "" {
			list = append(list, name)
		}
	}
	return &list
}

func createStation(r *web.Request) error {
	return apply(r, "station_saved", func(f *web.Form) error {
		name := f.Get("station_name")
		_, err := r.API.Kitchen.CreateStation(r.Ctx(), eupay.StationParams{Name: &name, Categories: categories(f.Get("categories"))})
		return err
	})
}

func updateStation(r *web.Request) error {
	return apply(r, "station_saved", func(f *web.Form) error {
		p := eupay.StationParams{Categories: categories(f.Get("categories"))}
		if f.Is("is_default") {
			yes := true
			p.IsDefault = &yes
		}
		_, err := r.API.Kitchen.UpdateStation(r.Ctx(), r.PathValue("id"), p)
		return err
	})
}

func deleteStation(r *web.Request) error {
	if err := r.API.Kitchen.DeleteStation(r.Ctx(), r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect(setupHome, "station_deleted")
}

// createPrinter shows the address of the new printer, this once.
func createPrinter(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	name, language, stations := f.Get("printer_name"), r.Text.Code, f.Values["stations"]
	p, err := r.API.Kitchen.CreatePrinter(r.Ctx(), eupay.PrinterParams{Name: &name, Language: &language, Stations: &stations})
	if err != nil {
		return refused(r, f, err)
	}
	return showSetup(r, http.StatusOK, web.NewForm(), p)
}

func renewPrinter(r *web.Request) error {
	p, err := r.API.Kitchen.RenewPrinterToken(r.Ctx(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return showSetup(r, http.StatusOK, web.NewForm(), p)
}

func deletePrinter(r *web.Request) error {
	if err := r.API.Kitchen.DeletePrinter(r.Ctx(), r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect(setupHome, "printer_deleted")
}

func testPrinter(r *web.Request) error {
	return apply(r, "ticket_queued", func(*web.Form) error {
		_, err := r.API.Kitchen.TestPrinter(r.Ctx(), r.PathValue("id"))
		return err
	})
}

func printAgain(r *web.Request) error {
	return apply(r, "ticket_queued", func(*web.Form) error {
		_, err := r.API.Kitchen.PrintAgain(r.Ctx(), r.PathValue("id"))
		return err
	})
}
