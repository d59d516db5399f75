package powens

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"european-pay.eu/eupay/internal/money"
)

// maxBanks is the size of the largest list of banks that is read, in bytes.
const maxBanks = 32 << 20

// Periodic is a standing order: the bank executes it again and again.
const Periodic = "periodic"

// Bank is a bank that can make payments (a connector with the product pay).
type Bank struct {
	// ID is a UUID.
	ID, Name, LogoURL string
	// Kinds are the execution types; of each, Minimum and Maximum are 0 when none is known. The maximum is indicative.
	Kinds            []string
	Minimum, Maximum map[string]money.Cents
	// Partial are the kinds whose payments may end as Accepted; Trusted those for which the payer must have registered the
	// beneficiary.
	Partial, Trusted []string
	Frequencies      []string
	// EarliestDays and LatestDays bound the day of deferred and periodic payments; 0: no bound is known.
	EarliestDays, LatestDays int
	Cancellable              bool
	// Unstable: the provider has trouble with the bank.
	Unstable bool
}

type wireBank struct {
	UUID      text   `json:"uuid"`
	Name      text   `json:"name"`
	Hidden    bool   `json:"hidden"`
	Products  []text `json:"products"`
	Stability struct {
		Status text `json:"status"`
	} `json:"stability"`
	Settings *struct {
		Schemes     []text          `json:"beneficiary_types"`
		Kinds       []text          `json:"execution_date_types"`
		Frequencies []text          `json:"execution_frequencies"`
		Partial     []text          `json:"partial_status_tracking"`
		Trusted     []text          `json:"transfer_date_types_where_trusted_beneficiary_required"`
		Cancellable bool            `json:"cancellation_available"`
		Minimum     map[string]text `json:"minimum_amount"`
		Maximum     map[string]text `json:"maximum_amount"`
		Earliest    text            `json:"minimum_date_delta_days"`
		Latest      text            `json:"maximum_date_delta_days"`
	} `json:"payment_settings"`
}

// Banks returns the banks of a country (ISO 3166-1 alpha-2) from which payments to an IBAN can be made. Those that the provider
// hides are left out.
func (c *Client) Banks(ctx context.Context, country string) ([]Bank, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.CallTimeout)
	defer cancel()
	const op = "list banks"
	path := "/connectors?" + url.Values{"country_codes": {country}}.Encode()
	a, err := c.do(ctx, request{op: op, method: http.MethodGet, path: path, repeatable: true, limit: maxBanks})
	if err != nil {
		return nil, err
	}
	banks, err := c.decodeBanks(a.body)
	if err != nil {
		return nil, unreadable(op, a.status)
	}
	return banks, nil
}

// decodeBanks leaves out a bank that it cannot read: one of hundreds must not hide the others.
func (c *Client) decodeBanks(body []byte) ([]Bank, error) {
	var w struct {
		Connectors *[]json.RawMessage `json:"connectors"`
	}
	if err := json.Unmarshal(body, &w); err != nil {
		return nil, err
	}
	if w.Connectors == nil {
		return nil, errors.New("no list of connectors")
	}
	var out []Bank
	for _, raw := range *w.Connectors {
		var b wireBank
		if json.Unmarshal(raw, &b) != nil || !uuidShape.MatchString(string(b.UUID)) || b.Name == "" {
			continue
		}
		if b.Hidden || b.Settings == nil || !slices.Contains(b.Products, "pay") || !slices.Contains(b.Settings.Schemes, "iban") {
			continue
		}
		out = append(out, b.bank(c.base))
	}
	return out, nil
}

func (b wireBank) bank(base string) Bank {
	s, id := b.Settings, strings.ToLower(string(b.UUID))
	return Bank{
		ID: id, Name: string(b.Name), LogoURL: base + "/logos/" + id + "-thumbnail.webp",
		Kinds: texts(s.Kinds), Minimum: amounts(s.Minimum), Maximum: amounts(s.Maximum), Partial: texts(s.Partial), Trusted: texts(s.Trusted),
		Frequencies: texts(s.Frequencies), EarliestDays: days(s.Earliest), LatestDays: days(s.Latest), Cancellable: s.Cancellable,
		Unstable: b.Stability.Status == "unstable",
	}
}

func texts(list []text) []string {
	out := make([]string, len(list))
	for i, t := range list {
		out[i] = string(t)
	}
	return out
}

// amounts leaves out what is no amount: a bound that cannot be read is not known.
func amounts(m map[string]text) map[string]money.Cents {
	out := make(map[string]money.Cents, len(m))
	for kind, t := range m {
		if cents, err := decodeAmount(string(t)); err == nil && cents > 0 {
			out[kind] = cents
		}
	}
	return out
}

// days are whole days. The provider writes a decimal.
func days(t text) int {
	whole, _, _ := strings.Cut(string(t), ".")
	n, err := strconv.Atoi(whole)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
