package reward

import (
	"context"
	"regexp"
	"slices"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/run/pg"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// The limits of rules.
const (
	maxPerEuro     = 1000 * hundred
	maxMultiplier  = 100 * hundred
	maxMultipliers = 20
	maxChosen      = 200
	maxCategory    = 100
	maxPoints      = 1_000_000_000
	maxMonths      = 120
	maxPointValue  = 1000 * hundred
	maxMinimum     = 1_000_000 * hundred
)

// GetProgram implements RewardsService.
func (s *Server) GetProgram(ctx context.Context, r *qrv1.GetProgramRequest) (*qrv1.GetProgramResponse, error) {
	current, err := s.program(ctx, s.pool, r.GetMerchantId(), r.GetLivemode())
	if err != nil {
		return nil, err
	}
	return &qrv1.GetProgramResponse{Program: current.RewardProgram}, nil
}

// program returns the rules in force; those of the default program for a merchant that has set none.
func (s *Server) program(ctx context.Context, db pg.DB, merchantID string, livemode bool) (rules, error) {
	r, found, err := rulesAt(ctx, db, merchantID, livemode, s.now())
	if err != nil || found {
		return r, err
	}
	eligible, err := takesPart(ctx, db, merchantID)
	return defaultRules(eligible, s.perEuro), err
}

// ReplaceProgram implements RewardsService.
func (s *Server) ReplaceProgram(ctx context.Context, r *qrv1.ReplaceProgramRequest) (*qrv1.ReplaceProgramResponse, error) {
	p := proto.CloneOf(r.GetProgram())
	if err := checkProgram(p); err != nil {
		return nil, err
	}
	p.ChangedBy = r.GetActor()
	err := s.commit(ctx, func(tx pgx.Tx) error {
		if err := lockPrograms(ctx, tx, r.GetMerchantId(), r.GetLivemode()); err != nil {
			return err
		}
		last, _, err := rulesAt(ctx, tx, r.GetMerchantId(), r.GetLivemode(), never)
		if err != nil {
			return err
		}
		// A clock that goes back must not put a version before an earlier one.
		at := s.now()
		if last.RewardProgram != nil && at.Before(last.GetChangedAt().AsTime()) {
			at = last.GetChangedAt().AsTime()
		}
		p.Version, p.ChangedAt = last.GetVersion()+1, timestamppb.New(at)
		return insertProgram(ctx, tx, r.GetMerchantId(), r.GetLivemode(), p)
	})
	if err != nil {
		return nil, err
	}
	return &qrv1.ReplaceProgramResponse{Program: p}, nil
}

// ListProgramVersions implements RewardsService.
func (s *Server) ListProgramVersions(ctx context.Context, r *qrv1.ListProgramVersionsRequest) (*qrv1.ListProgramVersionsResponse, error) {
	limit, offset := page(r.GetPage(), r.GetLimit())
	list, total, err := listPrograms(ctx, s.pool, r.GetMerchantId(), r.GetLivemode(), limit, offset)
	if err != nil {
		return nil, err
	}
	return &qrv1.ListProgramVersionsResponse{Versions: list, Total: total}, nil
}

func checkProgram(p *qrv1.RewardProgram) error {
	var bad refuse.Problems
	if p == nil {
		bad.Add("program", "is required")
		return bad.Err()
	}
	bad.If(p.GetPointsPerEuroHundredths() < 0 || p.GetPointsPerEuroHundredths() > maxPerEuro, "points_per_euro", "must be from 0 to 1000")
	bad.If(p.GetMinimumCents() < 0 || p.GetMinimumCents() > maxMinimum, "minimum_amount", "must be from 0 to 1000000")
	bad.If(p.GetPointValueCents() < 0 || p.GetPointValueCents() > maxPointValue, "point_value", "must be from 0 to 1000")
	bad.If(p.GetValidityMonths() < 0 || p.GetValidityMonths() > maxMonths, "validity_months", "must be from 0 (points do not expire) to %d", maxMonths)
	for _, n := range []struct {
		field string
		value int64
	}{
		{"max_points_per_payment", p.GetMaxPerPayment()},
		{"max_points_per_day", p.GetMaxPerDay()},
		{"max_points_per_member", p.GetMaxPerMember()},
		{"welcome_points", p.GetWelcomePoints()},
	} {
		bad.If(n.value < 0 || n.value > maxPoints, n.field, "must be from 0 to %d", maxPoints)
	}
	checkWindow(&bad, "schedule", p.GetWindow())
	checkChosen(&bad, "", p.GetProducts(), p.GetCategories())
	bad.If(len(p.GetMultipliers()) > maxMultipliers, "multipliers", "must have at most %d entries", maxMultipliers)
	for i, m := range p.GetMultipliers() {
		at := refuse.At("multipliers", i)
		bad.If(m.GetHundredths() < 1 || m.GetHundredths() > maxMultiplier, at+".multiplier", "must be from 0.01 to 100")
		checkWindow(&bad, at+".schedule", m.GetWindow())
		checkChosen(&bad, at+".", m.GetProducts(), m.GetCategories())
	}
	return bad.Err()
}

var clock = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)

func checkWindow(bad *refuse.Problems, field string, w *qrv1.RewardWindow) {
	if w == nil {
		return
	}
	seen := map[string]bool{}
	for i, day := range w.GetWeekdays() {
		bad.If(!slices.Contains(weekdays, day), refuse.At(field+".weekdays", i), "must be one of mon, tue, wed, thu, fri, sat, sun")
		bad.If(seen[day], refuse.At(field+".weekdays", i), "is given more than once")
		seen[day] = true
	}
	bad.If((w.GetFrom() == "") != (w.GetUntil() == ""), field+".from", "and until must be given together")
	for name, value := range map[string]string{"from": w.GetFrom(), "until": w.GetUntil()} {
		bad.If(value != "" && !clock.MatchString(value), field+"."+name, "must be a time in Paris such as 11:30")
	}
	bad.If(w.GetFrom() != "" && w.GetFrom() == w.GetUntil(), field+".until", "must not be the same as from; leave both out for the whole day")
}

func checkChosen(bad *refuse.Problems, prefix string, products, categories []string) {
	bad.If(len(products) > maxChosen, prefix+"products", "must have at most %d entries", maxChosen)
	bad.If(len(categories) > maxChosen, prefix+"categories", "must have at most %d entries", maxChosen)
	for i, id := range products {
		bad.If(!isID(id), refuse.At(prefix+"products", i), "must be the id of a product")
	}
	for i, c := range categories {
		bad.If(c == "" || utf8.RuneCountInString(c) > maxCategory, refuse.At(prefix+"categories", i), "must be a category of 1 to %d characters", maxCategory)
	}
}
