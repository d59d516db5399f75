package web

import (
	"net/url"
	"slices"

	eupay "european-pay.eu/eupay/sdk/go"
)

// banksShown is how many banks a search shows: who finds none of them types more of the name.
const banksShown = 8

// Banks are what the component bank_choice offers. Make it with Request.Banks.
type Banks struct {
	Form *Form
	// Found are the banks that the search found. More: there are others.
	Found []Bank
	More  bool
	// Searched: somebody searched. Away: the banks are not known.
	Searched, Away bool
}

// Bank is a bank on a page, in the reader's language.
type Bank struct {
	ID, Name string
	// Logo is the address of its picture; empty: none.
	Logo string
	// Why it cannot be chosen; empty: it can.
	Why string
	// Notes say what to know of it before it is chosen.
	Notes  []string
	Chosen bool
}

// Banks searches for the bank that the field bank_search names; an empty field finds none. find lists banks, with those that cannot make the
// payment: of the amount in the field amount, if there is one.
func (r *Request) Banks(f *Form, find func(eupay.PayerBankListParams) (*eupay.Page[eupay.PayerBank], error)) Banks {
	b := Banks{Form: f, Searched: f.Get("bank_search") != ""}
	p := eupay.PayerBankListParams{ListParams: eupay.ListParams{Limit: banksShown}, Search: f.Get("bank_search"), Amount: f.Amount(r, "amount"), Incompatible: true}
	if !b.Searched {
		if r.Session == nil {
			return b // only the portal's pages have the script that brings banks later
		}
		p.Limit = 1 // from any bank it is known where all have their pictures, which the page's policy must name
	}
	got, err := find(p)
	if err != nil {
		r.Site.Log.WarnContext(r.Ctx(), "banks not listed", "route", r.Pattern, "error", err)
		b.Away = true
		return b
	}
	for i := range got.Data {
		b.Found = append(b.Found, r.bank(&got.Data[i], f.Get("bank")))
	}
	if !b.Searched {
		b.Found = nil
		return b
	}
	b.More = got.Pagination != nil && got.Pagination.Total > len(got.Data)
	return b
}

func (r *Request) bank(b *eupay.Bank, chosen string) Bank {
	out := Bank{ID: b.ID, Name: b.Name, Logo: r.logo(b.LogoURL), Chosen: b.ID == chosen}
	i := slices.IndexFunc(b.Transfers, func(t eupay.BankTransfer) bool { return t.ExecutionType == eupay.ExecuteInstant })
	switch {
	case i < 0:
		out.Why = r.Text.T("bank.no_instant")
		return out
	case b.Incompatible != "" && b.Transfers[i].MinimumAmount > 0:
		out.Why = r.Text.T("bank.too_little", "least", r.Text.Amount(b.Transfers[i].MinimumAmount))
		return out
	case b.Incompatible != "":
		out.Why = r.Said(&eupay.Error{Code: eupay.ErrBankIncompatible, Message: b.Incompatible})
		return out
	}
	t := b.Transfers[i]
	if t.MinimumAmount > 0 {
		out.Notes = append(out.Notes, r.Text.T("bank.from", "least", r.Text.Amount(t.MinimumAmount)))
	}
	if t.MaximumAmount > 0 {
		out.Notes = append(out.Notes, r.Text.T("bank.usually", "most", r.Text.Amount(t.MaximumAmount)))
	}
	if t.TrustedBeneficiaryRequired {
		out.Notes = append(out.Notes, r.Text.T("bank.trusted"))
	}
	if !b.Stable {
		out.Notes = append(out.Notes, r.Text.T("bank.unstable"))
	}
	return out
}

// logo is the address of a bank's picture, which the page may then show. The API makes it: it leads to the bank connection, to which the payer
// goes next, and no bank can choose it.
func (r *Request) logo(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return ""
	}
	if origin := u.Scheme + "://" + u.Host; !slices.Contains(r.policy.images, origin) {
		r.AllowImages(origin)
	}
	return address
}
