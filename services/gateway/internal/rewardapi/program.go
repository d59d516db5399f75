package rewardapi

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// program is the rules in an answer. Points for a euro and multipliers are numbers with two decimals, like amounts.
type program struct {
	Version       int32        `json:"version"`
	Active        bool         `json:"active"`
	PointsPerEuro money.Cents  `json:"points_per_euro"`
	MinimumAmount money.Cents  `json:"minimum_amount"`
	MaxPerPayment int64        `json:"max_points_per_payment"`
	MaxPerDay     int64        `json:"max_points_per_day"`
	MaxPerMember  int64        `json:"max_points_per_member"`
	Schedule      *schedule    `json:"schedule"`
	Products      []string     `json:"products"`
	Categories    []string     `json:"categories"`
	Multipliers   []multiplier `json:"multipliers"`
	WelcomePoints int64        `json:"welcome_points"`
	ValidMonths   int32        `json:"validity_months"`
	PointValue    money.Cents  `json:"point_value"`
	ChangedBy     string       `json:"changed_by"`
	ChangedAt     *string      `json:"changed_at"`
}

type schedule struct {
	Weekdays []string `json:"weekdays"`
	From     string   `json:"from"`
	Until    string   `json:"until"`
}

type multiplier struct {
	Multiplier money.Cents `json:"multiplier"`
	Schedule   *schedule   `json:"schedule"`
	Products   []string    `json:"products"`
	Categories []string    `json:"categories"`
}

func programView(p *qrv1.RewardProgram) program {
	v := program{
		Version: p.GetVersion(), Active: p.GetActive(), PointsPerEuro: money.Cents(p.GetPointsPerEuroHundredths()), MinimumAmount: money.Cents(p.GetMinimumCents()),
		MaxPerPayment: p.GetMaxPerPayment(), MaxPerDay: p.GetMaxPerDay(), MaxPerMember: p.GetMaxPerMember(), Schedule: scheduleView(p.GetWindow()),
		Products: append([]string{}, p.GetProducts()...), Categories: append([]string{}, p.GetCategories()...), Multipliers: make([]multiplier, len(p.GetMultipliers())),
		WelcomePoints: p.GetWelcomePoints(), ValidMonths: p.GetValidityMonths(), PointValue: money.Cents(p.GetPointValueCents()),
		ChangedBy: p.GetChangedBy(), ChangedAt: web.OptionalStamp(p.GetChangedAt()),
	}
	for i, m := range p.GetMultipliers() {
		v.Multipliers[i] = multiplier{
			Multiplier: money.Cents(m.GetHundredths()), Schedule: scheduleView(m.GetWindow()),
			Products: append([]string{}, m.GetProducts()...), Categories: append([]string{}, m.GetCategories()...),
		}
	}
	return v
}

func scheduleView(w *qrv1.RewardWindow) *schedule {
	if w == nil {
		return nil
	}
	return &schedule{Weekdays: append([]string{}, w.GetWeekdays()...), From: w.GetFrom(), Until: w.GetUntil()}
}

// newProgram is the rules in a request.
type newProgram struct {
	Active        *bool           `json:"active"`
	PointsPerEuro web.Amount      `json:"points_per_euro"`
	MinimumAmount web.Amount      `json:"minimum_amount"`
	MaxPerPayment int64           `json:"max_points_per_payment"`
	MaxPerDay     int64           `json:"max_points_per_day"`
	MaxPerMember  int64           `json:"max_points_per_member"`
	Schedule      *schedule       `json:"schedule"`
	Products      []string        `json:"products"`
	Categories    []string        `json:"categories"`
	Multipliers   []newMultiplier `json:"multipliers"`
	WelcomePoints int64           `json:"welcome_points"`
	ValidMonths   int32           `json:"validity_months"`
	PointValue    web.Amount      `json:"point_value"`
}

type newMultiplier struct {
	Multiplier web.Amount `json:"multiplier"`
	Schedule   *schedule  `json:"schedule"`
	Products   []string   `json:"products"`
	Categories []string   `json:"categories"`
}

func (n newProgram) rules() *qrv1.RewardProgram {
	p := &qrv1.RewardProgram{
		Active: n.Active == nil || *n.Active, PointsPerEuroHundredths: int64(n.PointsPerEuro.Cents()), MinimumCents: int64(n.MinimumAmount.Cents()),
		MaxPerPayment: n.MaxPerPayment, MaxPerDay: n.MaxPerDay, MaxPerMember: n.MaxPerMember, Window: n.Schedule.window(),
		Products: n.Products, Categories: n.Categories, WelcomePoints: n.WelcomePoints, ValidityMonths: n.ValidMonths, PointValueCents: int64(n.PointValue.Cents()),
	}
	for _, m := range n.Multipliers {
		p.Multipliers = append(p.Multipliers, &qrv1.RewardMultiplier{
			Hundredths: int64(m.Multiplier.Cents()), Window: m.Schedule.window(), Products: m.Products, Categories: m.Categories,
		})
	}
	return p
}

func (s *schedule) window() *qrv1.RewardWindow {
	if s == nil {
		return nil
	}
	return &qrv1.RewardWindow{Weekdays: s.Weekdays, From: s.From, Until: s.Until}
}

func (a *API) program(c echo.Context) error {
	of := caller.AccountOf(c)
	got, err := web.Call(c, callTimeout, a.Rewards.GetProgram, &qrv1.GetProgramRequest{MerchantId: of.Merchant.ID, Livemode: of.Livemode})
	if err != nil {
		return fmt.Errorf("read program of rewards: %w", err)
	}
	return web.OK(c, http.StatusOK, programView(got.GetProgram()))
}

func (a *API) replaceProgram(c echo.Context) error {
	var in newProgram
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if !in.PointsPerEuro.Given() {
		return errs.Invalid(errs.Field{Field: "points_per_euro", Message: "points_per_euro is required."})
	}
	of := caller.AccountOf(c)
	got, err := web.Call(c, callTimeout, a.Rewards.ReplaceProgram, &qrv1.ReplaceProgramRequest{
		MerchantId: of.Merchant.ID, Livemode: of.Livemode, Program: in.rules(), Actor: string(caller.Of(c).Actor()),
	})
	if err != nil {
		return fmt.Errorf("replace program of rewards: %w", err)
	}
	return web.OK(c, http.StatusOK, programView(got.GetProgram()))
}

func (a *API) programVersions(c echo.Context) error {
	page, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	of := caller.AccountOf(c)
	got, err := web.Call(c, callTimeout, a.Rewards.ListProgramVersions, &qrv1.ListProgramVersionsRequest{
		MerchantId: of.Merchant.ID, Livemode: of.Livemode, Page: int32(page), Limit: int32(limit),
	})
	if err != nil {
		return fmt.Errorf("list programs of rewards: %w", err)
	}
	return web.List(c, views(got.GetVersions(), programView), web.Pagination{Page: page, Limit: limit, Total: got.GetTotal()})
}

// views is the view of each element.
func views[E, V any](list []E, view func(E) V) []V {
	out := make([]V, len(list))
	for i, e := range list {
		out[i] = view(e)
	}
	return out
}
