// Package team serves the page on which owners look after who can log in.
package team

import (
	"embed"
	"net/http"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

const home = "/portal/team"

// Register adds the pages to the site.
func Register(s *web.Site) error {
	s.For(web.Owners, "GET /portal/team", page)
	s.Once(web.Owners, "POST /portal/team", add)
	s.For(web.Owners, "POST /portal/team/{id}", update)
	s.For(web.Owners, "POST /portal/team/{id}/remove", remove)
	return s.Templates("team", templates)
}

type view struct {
	Members []eupay.User
	Form    *web.Form
	web.Paging
}

func page(r *web.Request) error {
	return show(r, http.StatusOK, web.NewForm("role", string(eupay.RoleStaff)))
}

func show(r *web.Request, status int, f *web.Form) error {
	got, err := r.API.Team.List(r.Ctx(), r.ListPage(50))
	if err != nil {
		return err
	}
	v := view{Members: got.Data, Form: f}
	v.Paging = web.PagingOf(got.Pagination)
	return r.Render(status, "team/team", v)
}

func add(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	_, err = r.API.Team.Add(r.Ctx(), eupay.MemberParams{Email: f.Get("email"), Name: f.Get("name"), Password: f.Secret("password"), Role: eupay.Role(f.Get("role"))})
	if err != nil {
		if !r.Refused(f, err) {
			return err
		}
		return show(r, http.StatusUnprocessableEntity, f)
	}
	return r.Redirect(home, "member_added")
}

// update changes what the form names: the role, or whether the member may log in.
func update(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	var c eupay.MemberChange
	if role := f.Get("role"); role != "" {
		c.Role = new(eupay.Role(role))
	}
	if state := f.Get("disabled"); state != "" {
		c.Disabled = new(state == "true")
	}
	if _, err := r.API.Team.Update(r.Ctx(), r.PathValue("id"), c); err != nil {
		return err
	}
	return r.Redirect(home, "saved")
}

func remove(r *web.Request) error {
	if err := r.API.Team.Remove(r.Ctx(), r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect(home, "member_removed")
}
