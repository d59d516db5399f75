// Package rewards serves the pages on which merchants set the rules of their points, follow members, and give or take points.
package rewards

import (
	"embed"
	"errors"
	"net/http"
	"strconv"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

const (
	home    = "/portal/rewards"
	perPage = 25
)

// Register adds the pages to the site.
func Register(s *web.Site) error {
	s.For(web.Everyone, "GET /portal/rewards", list)
	s.For(web.Owners, "POST /portal/rewards", enrol)
	s.For(web.Everyone, "GET /portal/rewards/program", programPage)
	s.For(web.Owners, "POST /portal/rewards/program", setProgram)
	s.For(web.Everyone, "GET /portal/rewards/redemptions", redemptions)
	s.For(web.Everyone, "GET /portal/rewards/members/{id}", memberPage)
	s.For(web.Owners, "POST /portal/rewards/members/{id}/points", adjust)
	s.For(web.Owners, "POST /portal/rewards/members/{id}/forget", forget)
	return s.Templates("rewards", templates)
}

func mayWrite(r *web.Request) bool { return r.Session.Role == eupay.RoleMerchant }

// listing is the list of members.
type listing struct {
	Members  []eupay.RewardMember
	Program  *eupay.RewardProgram
	Filter   *web.Form
	Form     *web.Form
	Filtered bool
	MayWrite bool
	web.Paging
}

func list(r *web.Request) error { return showList(r, http.StatusOK, web.NewForm()) }

func showList(r *web.Request, status int, f *web.Form) error {
	filter := &web.Form{Values: r.URL.Query(), Fields: map[string]string{}}
	got, err := r.API.Rewards.Members(r.Ctx(), eupay.RewardMemberListParams{ListParams: r.ListPage(perPage), CustomerNumber: filter.Get("number")})
	if errors.Is(err, eupay.ErrValidation) { // nobody can have what is no number
		got, err = &eupay.Page[eupay.RewardMember]{}, nil
	}
	if err != nil {
		return err
	}
	program, err := r.API.Rewards.Program(r.Ctx())
	if err != nil {
		return err
	}
	return r.Render(status, "rewards/list", listing{
		Members: got.Data, Program: program, Filter: filter, Form: f, Filtered: filter.Get("number") != "", MayWrite: mayWrite(r), Paging: web.PagingOf(got.Pagination),
	})
}

// enrol makes a customer a member, or finds the member.
func enrol(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	m, err := r.API.Rewards.AddMember(r.Ctx(), eupay.RewardMemberParams{CustomerNumber: f.Get("customer_number"), Email: f.Get("email")})
	if err != nil {
		if !r.Refused(f, err) {
			return err
		}
		return showList(r, http.StatusUnprocessableEntity, f)
	}
	if m.Replayed {
		return r.Redirect(home+"/members/"+m.ID, "reward_member_known")
	}
	return r.Redirect(home+"/members/"+m.ID, "reward_member_added")
}

// memberView is the page of one member.
type memberView struct {
	*eupay.RewardMember
	Entries  []eupay.RewardEntry
	Form     *web.Form
	MayWrite bool
	web.Paging
}

func memberPage(r *web.Request) error {
	return showMember(r, http.StatusOK, web.NewForm("key", web.NewKey()))
}

func showMember(r *web.Request, status int, f *web.Form) error {
	m, err := r.API.Rewards.Member(r.Ctx(), r.PathValue("id"))
	if err != nil {
		return err
	}
	got, err := r.API.Rewards.Entries(r.Ctx(), m.ID, r.ListPage(perPage))
	if err != nil {
		return err
	}
	return r.Render(status, "rewards/member", memberView{RewardMember: m, Entries: got.Data, Form: f, MayWrite: mayWrite(r), Paging: web.PagingOf(got.Pagination)})
}

func adjust(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	points, err := strconv.Atoi(f.Get("points"))
	if err != nil || points == 0 {
		f.Wrong("points", r.Text.T("rewards.points_wrong"))
		return showMember(r, http.StatusUnprocessableEntity, f)
	}
	_, err = r.API.Rewards.Adjust(r.Ctx(), r.PathValue("id"), eupay.RewardAdjustmentParams{Points: points, Reason: f.Get("reason"), IdempotencyKey: f.Get("key")})
	if err != nil {
		if web.Missing(err) || !r.Refused(f, err) {
			return err
		}
		f.Values.Set("key", web.NewKey()) // what was refused has taken none, and what is typed next is another request
		return showMember(r, http.StatusUnprocessableEntity, f)
	}
	return r.Redirect(home+"/members/"+r.PathValue("id"), "reward_adjusted")
}

func forget(r *web.Request) error {
	if err := r.API.Rewards.Forget(r.Ctx(), r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect(home, "reward_member_forgotten")
}

// redemptionList is the list of redemptions.
type redemptionList struct {
	Redemptions []eupay.Redemption
	Statuses    []eupay.RedemptionStatus
	Filter      *web.Form
	Filtered    bool
	web.Paging
}

// statuses are those that the list can be narrowed to.
var statuses = []eupay.RedemptionStatus{eupay.RedemptionHeld, eupay.RedemptionCaptured, eupay.RedemptionReleased, eupay.RedemptionExpired}

func redemptions(r *web.Request) error {
	f := &web.Form{Values: r.URL.Query(), Fields: map[string]string{}}
	got, err := r.API.Rewards.Redemptions(r.Ctx(), eupay.RedemptionListParams{ListParams: r.ListPage(perPage), Status: eupay.RedemptionStatus(f.Get("status"))})
	if errors.Is(err, eupay.ErrValidation) {
		got, err = &eupay.Page[eupay.Redemption]{}, nil
	}
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, "rewards/redemptions", redemptionList{
		Redemptions: got.Data, Statuses: statuses, Filter: f, Filtered: f.Get("status") != "", Paging: web.PagingOf(got.Pagination),
	})
}
