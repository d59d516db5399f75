package directory_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/einvoice/internal/directory"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

const siren = "732829320"

// source is a platform that knows businesses and counts who asks.
type source struct {
	platform.Platform
	known map[string]platform.Business
	fail  error
	asked int
}

func (s *source) Directory(_ context.Context, siren string) (platform.Business, error) {
	s.asked++
	if s.fail != nil {
		return platform.Business{}, s.fail
	}
	b, ok := s.known[siren]
	if !ok {
		return platform.Business{}, platform.ErrNotFound
	}
	return b, nil
}

func open(siret, routing string) platform.Line {
	return platform.Line{SIRET: siret, RoutingCode: routing, Addressable: true}
}

func TestAnswersAreUsedAgainForAWhile(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	s := &source{known: map[string]platform.Business{siren: {SIREN: siren, Name: "Acme"}}}
	d := directory.New(directory.Deps{
		Platforms: map[bool]platform.Platform{true: s}, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
	})
	find := func(livemode bool, siren string) error {
		_, err := d.Find(t.Context(), livemode, siren)
		return err
	}
	for _, step := range []struct {
		after time.Duration
		siren string
		want  error
		asked int
	}{
		{0, siren, nil, 1},
		{9 * time.Minute, siren, nil, 1},
		{time.Minute, siren, nil, 2},
		{0, "404000006", directory.ErrUnknown, 3},
		{59 * time.Second, "404000006", directory.ErrUnknown, 3},
		{time.Second, "404000006", directory.ErrUnknown, 4},
	} {
		now = now.Add(step.after)
		if err := find(true, step.siren); !errors.Is(err, step.want) || s.asked != step.asked {
			t.Errorf("%+v: %v, asked %d times", step, err, s.asked)
		}
	}
	if err := find(false, siren); !errs.Is(err, errs.Unavailable) {
		t.Errorf("a mode without a platform: %v", err)
	}
	s.fail = errors.New("down")
	for range 2 { // a failure is not remembered
		if err := find(true, "552100554"); !errs.Is(err, errs.Unavailable) {
			t.Errorf("down: %v", err)
		}
	}
	if s.asked != 6 {
		t.Errorf("asked %d times", s.asked)
	}
}

func TestTheLineThatAnInvoiceGoesTo(t *testing.T) {
	t.Parallel()
	const first, second = siren + "00074", siren + "00082"
	whole := platform.Business{SIREN: siren, Lines: []platform.Line{open(first, ""), open("", "")}}
	parts := platform.Business{SIREN: siren, Lines: []platform.Line{{}, open(first, ""), open(first, "COMPTA"), open(second, "")}}
	one := platform.Business{SIREN: siren, Lines: []platform.Line{{}, open(first, "")}}
	none := platform.Business{SIREN: siren, Lines: []platform.Line{{}, {SIRET: first}}}
	for name, c := range map[string]struct {
		of            platform.Business
		wanted, siret string
		want          string
		code          errs.Code
	}{
		"the whole":                    {whole, "", "", siren, ""},
		"the whole before the SIRET":   {whole, "", first, siren, ""},
		"a line that was named":        {whole, siren + "_" + first, "", siren + "_" + first, ""},
		"a routing code":               {parts, siren + "_" + first + "_COMPTA", "", siren + "_" + first + "_COMPTA", ""},
		"the establishment":            {parts, "", second, siren + "_" + second, ""},
		"the only one":                 {one, "", "", siren + "_" + first, ""},
		"one of several":               {parts, "", "", "", errs.ValidationError},
		"another than there is":        {parts, siren, "", "", errs.BuyerUnreachable},
		"none can be addressed":        {none, "", "", "", errs.BuyerUnreachable},
		"a line that cannot be either": {none, siren + "_" + first, "", "", errs.BuyerUnreachable},
	} {
		l, err := directory.Choose(c.of, c.wanted, c.siret)
		if c.code != "" {
			if !errs.Is(err, c.code) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || c.of.Electronic(l) != c.want {
			t.Errorf("%s: %s, %v", name, c.of.Electronic(l), err)
		}
	}
}
