package einvoicing

import (
	"embed"
	"net/http"
	"strings"

	"european-pay.eu/eupay/sandbox/internal/page"
)

//go:embed pages
var pageFiles embed.FS

var pages = page.Must(pageFiles, "; form-action 'self'")

// words are the texts of the page in one language.
type words struct {
	Lang, Other, OtherName, Strip, Who, Ask, Intro, Company, Contact, StepOne, StepTwo, Approve, Refuse string

	Approved, ApprovedText, Refused, RefusedText, Dead, DeadText string
}

var (
	french = words{
		Lang: "fr", Other: "en", OtherName: "English", Strip: "Bac à sable : cette plateforme n’existe pas et aucune facture ne part.",
		Who: "Plateforme agréée · vérification d’identité", Ask: "Confirmez l’identité de votre entreprise",
		Intro:   "Avant d’envoyer des factures électroniques en votre nom, nous devons savoir qui vous êtes.",
		Company: "Entreprise", Contact: "Contact", StepOne: "Pièce d’identité du dirigeant et extrait Kbis : fournis pour vous dans le bac à sable.",
		StepTwo: "Signature du mandat de facturation.", Approve: "Confirmer et signer le mandat", Refuse: "Refuser la vérification",
		Approved: "Votre identité est confirmée", ApprovedText: "Votre mandat est actif : vos factures peuvent partir. Vous pouvez fermer cette page.",
		Refused: "La vérification a été refusée", RefusedText: "Votre mandat ne sera pas activé. Vous pouvez fermer cette page.",
		Dead: "Ce lien n’est plus valable", DeadText: "Demandez un nouveau lien dans votre espace marchand.",
	}
	english = words{
		Lang: "en", Other: "fr", OtherName: "Français", Strip: "Sandbox: this platform does not exist and no invoice is sent.",
		Who: "Accredited platform · identity check", Ask: "Confirm the identity of your company",
		Intro:   "Before we send electronic invoices in your name, we have to know who you are.",
		Company: "Company", Contact: "Contact", StepOne: "Identity card of the director and company register extract: provided for you in the sandbox.",
		StepTwo: "Signature of the invoicing mandate.", Approve: "Confirm and sign the mandate", Refuse: "Refuse the check",
		Approved: "Your identity is confirmed", ApprovedText: "Your mandate is active: your invoices can be sent. You can close this page.",
		Refused: "The check was refused", RefusedText: "Your mandate will not become active. You can close this page.",
		Dead: "This link is not valid any more", DeadText: "Ask for a new link in your merchant portal.",
	}
)

// language returns that of the link, else of the browser, else French.
func language(r *http.Request) words {
	wanted := r.URL.Query().Get("lang")
	if wanted == "" {
		wanted = strings.ToLower(r.Header.Get("Accept-Language"))
	}
	if strings.HasPrefix(wanted, "en") {
		return english
	}
	return french
}

type screen struct {
	T                        words
	Title, Name, Email, Text string
	Lines                    []entry
}

func (p *Platform) pageRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /onboarding/{token}", p.showOnboarding)
	mux.HandleFunc("POST /onboarding/{token}", p.answerOnboarding)
}

// showOnboarding asks the merchant to identify itself, or shows the earlier answer.
func (p *Platform) showOnboarding(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.tick()
	x := p.readToken(r.PathValue("token"))
	t := language(r)
	status, name, s := http.StatusOK, "said", screen{T: t}
	switch {
	case x == nil:
		status, s.Title, s.Text = http.StatusNotFound, t.Dead, t.DeadText
	case x.Decided == "approved":
		s.Title, s.Text = t.Approved, t.ApprovedText
	case x.Decided == "refused":
		s.Title, s.Text = t.Refused, t.RefusedText
	default:
		name, s.Title, s.Name, s.Email = "ask", t.Ask, x.Name, x.Email
		for _, m := range p.mandatesOf(x.ID) {
			s.Lines = append(s.Lines, m.Entry)
		}
	}
	p.mu.Unlock()
	pages.Render(w, p.cfg.Log, status, name, s)
}

// answerOnboarding decides, unless it was decided before, and shows the outcome.
func (p *Platform) answerOnboarding(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	answer := r.PostFormValue("answer")
	p.mu.Lock()
	x := p.readToken(r.PathValue("token"))
	var err error
	if x != nil && x.Decided == "" && (answer == "approve" || answer == "refuse") {
		err = p.decide(x, answer == "approve")
	}
	p.mu.Unlock()
	if err != nil {
		p.cfg.Log.Error("identity not decided", "error", err)
		http.Error(w, "Something went wrong.", http.StatusInternalServerError)
		return
	}
	// Relative, so that it also works behind /api and a proxy.
	w.Header().Set("Location", "?lang="+language(r).Lang)
	w.WriteHeader(http.StatusSeeOther)
}
