package catalog

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// mostCategories is how many a merchant puts in order.
const mostCategories = 200

// categoriesForm is the page of the order and the look of categories.
type categoriesForm struct {
	*web.Form
	Rows      []categoryRow
	Languages []string
	MayWrite  bool
}

// categoryRow is a category in the form.
type categoryRow struct {
	N, Products int
	Picture     string
}

func categoriesPage(r *web.Request, status int, f *web.Form, list []eupay.Category) error {
	pictures(r)
	v := categoriesForm{Form: f, Languages: languages, MayWrite: mayWrite(r)}
	for n, c := range list {
		v.Rows = append(v.Rows, categoryRow{n, c.Products, r.Picture(c.ImageURL)})
	}
	return r.Render(status, "catalog/categories", v)
}

// placed are the categories of the API, at most as many as can be put in order.
func placed(r *web.Request) ([]eupay.Category, error) {
	list, err := r.API.Categories.List(r.Ctx())
	return list[:min(len(list), mostCategories)], err
}

func allCategories(r *web.Request) error {
	list, err := placed(r)
	if err != nil {
		return err
	}
	f := web.NewForm()
	for n, c := range list {
		f.Values.Set(rowField("category", n), c.Name)
		f.Values.Set(rowField("place", n), strconv.Itoa(n+1))
		f.Values.Set(rowField("image_url", n), c.ImageURL)
		for language, t := range c.Translations {
			f.Values.Set(rowField("name_"+language, n), t.Name)
		}
	}
	return categoriesPage(r, http.StatusOK, f, list)
}

func saveCategories(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	list, err := placed(r)
	if err != nil {
		return err
	}
	type row struct {
		place eupay.Amount
		eupay.CategoryParams
	}
	var rows []row
	for n := range mostCategories {
		name := f.Get(rowField("category", n))
		if name == "" {
			continue
		}
		// A place is typed as an amount is: 1.5, or 1,5, is between 1 and 2.
		place, err := eupay.ParseAmount(strings.Replace(f.Get(rowField("place", n)), ",", ".", 1))
		if err != nil {
			f.Wrong(rowField("place", n), r.Text.T("catalog.number_wrong"))
		}
		c := eupay.CategoryParams{Name: name, ImageURL: f.Get(rowField("image_url", n)), Translations: map[string]eupay.Translation{}}
		if i := slices.IndexFunc(list, func(have eupay.Category) bool { return have.Name == name }); i >= 0 {
			for language, t := range list[i].Translations { // languages that the form does not have
				c.Translations[language] = t
			}
		}
		for _, language := range languages {
			delete(c.Translations, language)
			if said := f.Get(rowField("name_"+language, n)); said != "" {
				c.Translations[language] = eupay.Translation{Name: said}
			}
		}
		rows = append(rows, row{place, c})
	}
	if f.OK() {
		slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(a.place, b.place) })
		params := []eupay.CategoryParams{}
		for _, one := range rows {
			params = append(params, one.CategoryParams)
		}
		_, err := r.API.Categories.Replace(r.Ctx(), params)
		if err == nil {
			return r.Redirect(home+"/categories", "categories_saved")
		}
		if !r.Refused(f, err) {
			return err
		}
	}
	return categoriesPage(r, http.StatusUnprocessableEntity, f, list)
}
