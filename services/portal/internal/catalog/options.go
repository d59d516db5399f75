package catalog

import (
	"net/http"
	"slices"
	"strconv"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

const allOptions = home + "/options"

// blankRows is how many rows for new options a form has beside those of the group, which has at most mostOptions.
const blankRows, mostOptions = 4, 50

func optionGroups(r *web.Request) error {
	list, err := r.API.OptionGroups.List(r.Ctx())
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, "catalog/options", map[string]any{"Groups": list, "MayWrite": mayWrite(r)})
}

// groupForm is the page of one group, new or not.
type groupForm struct {
	*web.Form
	ID string
	// Rows are the numbers of the rows, each an option or room for one.
	Rows []int
}

// The fields of row n.
func rowField(name string, n int) string { return name + "_" + strconv.Itoa(n) }

func groupPage(r *web.Request, status int, id string, f *web.Form) error {
	v := groupForm{Form: f, ID: id}
	used := 0
	for n := range mostOptions {
		if f.Get(rowField("name", n)) != "" || f.Get(rowField("id", n)) != "" {
			used = n + 1
		}
	}
	for n := range min(used+blankRows, mostOptions) {
		v.Rows = append(v.Rows, n)
	}
	return r.Render(status, "catalog/option", v)
}

func newGroup(r *web.Request) error {
	return groupPage(r, http.StatusOK, "", web.NewForm("min_choices", "1", "max_choices", "1"))
}

func editGroup(r *web.Request) error {
	g, err := r.API.OptionGroups.Get(r.Ctx(), r.PathValue("id"))
	if err != nil {
		return err
	}
	f := web.NewForm("name", g.Name, "min_choices", strconv.Itoa(g.MinChoices), "max_choices", strconv.Itoa(g.MaxChoices))
	for n, o := range g.Options {
		f.Values.Set(rowField("id", n), o.ID)
		f.Values.Set(rowField("name", n), o.Name)
		f.SetAmount(r, rowField("price", n), o.Price)
		if o.IsDefault {
			f.Values.Set(rowField("default", n), "1")
		}
		if !o.IsAvailable {
			f.Values.Set(rowField("out", n), "1")
		}
	}
	return groupPage(r, http.StatusOK, g.ID, f)
}

// readGroup takes the group from the form. Rows without a name are no options.
func readGroup(r *web.Request, f *web.Form) (p eupay.OptionGroupParams) {
	p.Name = f.Get("name")
	number := func(field string) int {
		n, err := strconv.Atoi(f.Get(field))
		if err != nil || n < 0 {
			f.Wrong(field, r.Text.T("catalog.number_wrong"))
		}
		return n
	}
	p.MinChoices, p.MaxChoices = number("min_choices"), number("max_choices")
	for n := range mostOptions {
		if f.Get(rowField("name", n)) == "" {
			continue
		}
		available := !f.Is(rowField("out", n))
		p.Options = append(p.Options, eupay.OptionParams{
			ID: f.Get(rowField("id", n)), Name: f.Get(rowField("name", n)), Price: f.Amount(r, rowField("price", n)), IsDefault: f.Is(rowField("default", n)),
			IsAvailable: &available,
		})
	}
	if p.Name == "" {
		f.Wrong("name", r.Text.T("catalog.name_missing"))
	}
	if len(p.Options) == 0 {
		f.Wrong(rowField("name", 0), r.Text.T("catalog.option_missing"))
	}
	return p
}

func createGroup(r *web.Request) error {
	return saveGroup(r, "option_group_added", func(p eupay.OptionGroupParams) error {
		_, err := r.API.OptionGroups.Create(r.Ctx(), p)
		return err
	})
}

func updateGroup(r *web.Request) error {
	return saveGroup(r, "option_group_saved", func(p eupay.OptionGroupParams) error {
		_, err := r.API.OptionGroups.Replace(r.Ctx(), r.PathValue("id"), p)
		return err
	})
}

func saveGroup(r *web.Request, notice string, save func(eupay.OptionGroupParams) error) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	if p := readGroup(r, f); f.OK() {
		err := save(p)
		if err == nil {
			return r.Redirect(allOptions, notice)
		}
		if !r.Refused(f, err) {
			return err
		}
	}
	return groupPage(r, http.StatusUnprocessableEntity, r.PathValue("id"), f)
}

func removeGroup(r *web.Request) error {
	if err := r.API.OptionGroups.Delete(r.Ctx(), r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect(allOptions, "option_group_deleted")
}

// tick is an option group in the form of a product.
type tick struct {
	ID, Name string
	Ticked   bool
}

// ticks are the merchant's groups. A form without them, because they cannot be read now, changes nothing of them.
func ticks(r *web.Request, f *web.Form) []tick {
	list, err := r.API.OptionGroups.List(r.Ctx())
	if err != nil {
		return nil
	}
	var out []tick
	for _, g := range list {
		out = append(out, tick{g.ID, g.Name, slices.Contains(f.Values["option_groups"], g.ID)})
	}
	return out
}

// groupsIn are those that are ticked; nil: the form did not have them.
func groupsIn(f *web.Form) *[]string {
	if !f.Is("option_groups_shown") {
		return nil
	}
	ids := append([]string{}, f.Values["option_groups"]...)
	return &ids
}
