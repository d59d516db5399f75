package export

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/services/einvoice/internal/fec"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Request asks for an export. Empty texts stand for defaults.
type Request struct {
	Who
	Kind, Format, Separator string
	From, To                string
	Accounts                Accounts
	Company                 Company
}

// maxDays is the longest period: an accounting year has at most 24 months.
const maxDays = 731

// The separators of CSV.
const (
	separatorComma     = "comma"
	separatorSemicolon = "semicolon"
)

var sirenForm = regexp.MustCompile(`^[0-9]{9}$`)

// check returns the export that a request asks for.
func (e *Exports) check(r Request) (Export, error) {
	now := e.instant()
	x := Export{
		Who: r.Who, Kind: Kind(r.Kind), Format: Format(r.Format), Separator: r.Separator, Company: r.Company, Status: Pending, CreatedAt: now, ExpiresAt: now.Add(keep),
	}
	var bad refuse.Problems
	r.format(&bad, &x)
	x.From, x.To = r.days(&bad, e.day(now))
	if x.Kind == FEC {
		x.Accounts = r.Accounts.or(defaults)
		x.Accounts.check(&bad, "accounts.")
	} else {
		bad.If(r.Accounts != (Accounts{}), "accounts", "can only be given with the kind fec")
	}
	if err := bad.Err(); err != nil {
		return Export{}, err
	}
	if x.Kind == FEC && !sirenForm.MatchString(x.Company.SIREN) {
		return Export{}, errs.New(errs.InvalidState, "A FEC is named by your SIREN. Add it to your profile in the merchant portal, then request the export again.")
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Export{}, fmt.Errorf("make an id: %w", err)
	}
	x.ID = id
	return x, nil
}

func (r Request) format(bad *refuse.Problems, x *Export) {
	of, known := formats[x.Kind]
	if !known {
		bad.Add("kind", "must be one of payments, refunds, invoices, sales, receipts, fec, statement")
		return
	}
	x.Format = cmp.Or(x.Format, of[0])
	bad.If(!slices.Contains(of, x.Format), "format", "must be %s for the kind %s", words(of), x.Kind)
	if x.Format != CSV {
		bad.If(r.Separator != "", "separator", "can only be given with the format csv")
		return
	}
	x.Separator = cmp.Or(x.Separator, separatorComma)
	bad.If(x.Separator != separatorComma && x.Separator != separatorSemicolon, "separator", "must be comma or semicolon")
}

func words(of []Format) string {
	var all []string
	for _, f := range of {
		all = append(all, string(f))
	}
	return strings.Join(all, " or ")
}

// days checks the period.
func (r Request) days(bad *refuse.Problems, today invoice.Date) (from, to invoice.Date) {
	from, badFrom := invoice.ParseDate(r.From)
	bad.If(badFrom != nil, "from", "must be a day as YYYY-MM-DD")
	to, badTo := invoice.ParseDate(r.To)
	bad.If(badTo != nil, "to", "must be a day as YYYY-MM-DD")
	if badFrom != nil || badTo != nil {
		return "", ""
	}
	bad.If(from > today, "from", "must not be in the future")
	switch {
	case to < from:
		bad.Add("to", "must not be before from")
	case to > today:
		bad.Add("to", "must not be in the future: today is %s in France", today)
	case Kind(r.Kind) == Statement && to != from:
		bad.Add("to", "must be the same as from: a statement has one day")
	case to.Time().Sub(from.Time()) >= maxDays*24*time.Hour:
		bad.Add("to", "must be less than %d days after from", maxDays)
	}
	return from, to
}

// fingerprint tells requests apart. The merchant's own data are not part of it: they may change between two attempts to send a request.
func (r Request) fingerprint() []byte {
	r.Company = Company{}
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // it has texts alone
	}
	sum := sha256.Sum256(text)
	return sum[:]
}

// Accounts are the numbers of accounts in a FEC.
type Accounts struct {
	Customers string `json:"customers"`
	Goods     string `json:"goods"`
	Services  string `json:"services"`
	// VAT is followed by the three digits of the rate in tenths of a percent.
	VAT string `json:"vat"`
	// Transit is for money that a payer's bank has sent, until it is seen on the merchant's account, and for card payments.
	Transit string `json:"transit"`
	Bank    string `json:"bank"`
	Cash    string `json:"cash"`
	// Suspense is for payments that belong to no invoice.
	Suspense string `json:"suspense"`
	// Advances are what customers paid in advance with deposit invoices that were issued on AdvancesFrom or later.
	Advances     string       `json:"advances,omitempty"`
	AdvancesFrom invoice.Date `json:"advances_from,omitempty"`
	// GoodsRebates and ServicesRebates are what credit notes for a period give back.
	GoodsRebates    string `json:"goods_rebates,omitempty"`
	ServicesRebates string `json:"services_rebates,omitempty"`
}

// defaults are accounts of the plan comptable général.
var defaults = Accounts{
	Customers: "411000", Goods: "707000", Services: "706000", VAT: "44571", Transit: "511000", Bank: "512000", Cash: "530000", Suspense: "471000",
	Advances: "419100", AdvancesFrom: advancesFrom, GoodsRebates: "709700", ServicesRebates: "709600",
}

// or fills what is empty with the accounts of another.
func (a Accounts) or(defaults Accounts) Accounts {
	return Accounts{
		Advances: cmp.Or(a.Advances, defaults.Advances), AdvancesFrom: cmp.Or(a.AdvancesFrom, defaults.AdvancesFrom),
		GoodsRebates: cmp.Or(a.GoodsRebates, defaults.GoodsRebates), ServicesRebates: cmp.Or(a.ServicesRebates, defaults.ServicesRebates),

		Customers: cmp.Or(a.Customers, defaults.Customers), Goods: cmp.Or(a.Goods, defaults.Goods), Services: cmp.Or(a.Services, defaults.Services),
		VAT: cmp.Or(a.VAT, defaults.VAT), Transit: cmp.Or(a.Transit, defaults.Transit), Bank: cmp.Or(a.Bank, defaults.Bank), Cash: cmp.Or(a.Cash, defaults.Cash),
		Suspense: cmp.Or(a.Suspense, defaults.Suspense),
	}
}

// maxAccount leaves room for the digits of a rate.
const maxAccount = 17

// check reports problems of fields, whose names begin with prefix.
func (a Accounts) check(bad *refuse.Problems, prefix string) {
	for _, f := range []struct{ name, number string }{
		{"customers", a.Customers},
		{"goods", a.Goods},
		{"services", a.Services},
		{"vat", a.VAT},
		{"transit", a.Transit},
		{"bank", a.Bank},
		{"cash", a.Cash},
		{"suspense", a.Suspense},
		{"advances", a.Advances},
		{"goods_rebates", a.GoodsRebates},
		{"services_rebates", a.ServicesRebates},
	} {
		bad.If(len(f.number) > maxAccount || !fec.ValidAccount(f.number), prefix+f.name, "must be three digits, then up to 14 digits or capital letters")
	}
	_, err := invoice.ParseDate(string(a.AdvancesFrom))
	bad.If(err != nil, prefix+"advances_from", "must be a day as YYYY-MM-DD")
}
