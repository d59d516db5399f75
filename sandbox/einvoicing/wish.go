package einvoicing

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/document"
	"european-pay.eu/eupay/sandbox/internal/fault"
)

// The codes of the lifecycle (DGFiP specifications, table 8).
const (
	codeDeposited   = 200
	codeTransmitted = 201
	codeReceived    = 202
	codeAvailable   = 203
	codeRefused     = 210
	codeCollected   = 212
	codeRejected    = 213
)

var statusNames = []string{
	"DEPOSITED", "TRANSMITTED_BY_PLATFORM", "RECEIVED_BY_PLATFORM", "MADE_AVAILABLE", "ACKNOWLEDGED", "APPROVED", "PARTIALLY_APPROVED",
	"IN_DISPUTE", "SUSPENDED", "COMPLETED", "REFUSED", "PAYMENT_TRANSMITTED", "COLLECTED", "REJECTED",
}

func statusName(code int) string { return statusNames[code-codeDeposited] }

// codeOf parses a status: its code, its name, or the name in lower case. 0 for none.
func codeOf(s string) int {
	if n, err := strconv.Atoi(s); err == nil && n > codeDeposited && n <= codeRejected {
		return n
	}
	if i := slices.Index(statusNames, strings.ToUpper(s)); i > 0 {
		return codeDeposited + i
	}
	return 0
}

// final reports whether a status ends a document that has it for any reason but a second delivery.
func final(code int) bool { return code == codeRefused || code == codeRejected }

// secondDelivery reports whether a platform only turned away another copy of a document: the first one lives on.
func secondDelivery(code int, reason string) bool {
	return code == codeRejected && (reason == "DOUBLON" || reason == "REJ_UNI")
}

// mandatory statuses must be sent to the administration.
func mandatory(code int) bool {
	return code == codeDeposited || code == codeCollected || final(code)
}

// wish is a future status.
type wish struct {
	Code               int
	ReasonCode, Reason string `json:",omitempty"`
}

// reasons are the default reasons of statuses.
var reasons = map[int][2]string{
	206: {"CALCUL_ERR", "Une partie de la facture est contestée."},
	207: {"TRANSAC_INC", "L'acheteur conteste cette facture."},
	208: {"REF_CT_ABSENT", "Une pièce justificative est demandée."},
	210: {"NON_CONFORME", "L'acheteur refuse cette facture."},
	213: {"REJ_SEMAN", "La plateforme a rejeté cette facture."},
}

// withReason sets the default reason if a status requires one.
func (w wish) withReason() wish {
	usual := reasons[w.Code]
	if w.ReasonCode == "" {
		w.ReasonCode = usual[0]
	}
	if w.Reason == "" && w.ReasonCode != "" {
		w.Reason = usual[1]
	}
	return w
}

// wishOf parses a request in a buyer's name: "sandbox:205", "sandbox:acknowledged/refused:TX_TVA_ERR", "fault:lost-answer".
func wishOf(name string) (wishes []wish, faults []fault.Fault) {
	for _, word := range strings.Fields(name) {
		if rest, ok := strings.CutPrefix(word, "sandbox:"); ok {
			for _, one := range strings.Split(rest, "/") {
				status, reason, _ := strings.Cut(one, ":")
				if code := codeOf(status); code > 0 {
					wishes = append(wishes, wish{Code: code, ReasonCode: reason}.withReason())
				}
			}
		}
		if rest, ok := strings.CutPrefix(word, "fault:"); ok {
			kind, number, _ := strings.Cut(rest, ":")
			f := fault.Fault{Kind: fault.Kind(kind)}
			if n, err := strconv.Atoi(number); err == nil {
				f.LatencyMS, f.Status, f.RetryAfter = n, n, n
			}
			if f.Status < 400 || f.Status > 599 {
				f.Status = 0
			}
			if f.Kind.IsCall() || f.Kind.IsHook() {
				faults = append(faults, f)
			}
		}
	}
	return wishes, faults
}

// Magic prefixes of SIRENs: 404 is not in the directory, 405 is there and cannot be addressed yet, 406 has several lines and none
// for the whole, and 904 to 913 request a status, 904 for 204.
const (
	unknownSIREN   = "404"
	notYetSIREN    = "405"
	manyLinesSIREN = "406"
)

func wishOfSIREN(siren string) []wish {
	if len(siren) == 9 && siren[0] == '9' {
		if n, err := strconv.Atoi(siren[1:3]); err == nil && n >= 4 && n <= 13 && n != 12 {
			return []wish{wish{Code: codeDeposited + n}.withReason()}
		}
	}
	return nil
}

// future returns the statuses of a document after 200. A document between businesses is delivered to its buyer. One for a private
// customer is not delivered, because it is reported in sums; it can only be rejected. One that names an invoice which was never
// deposited, or that was refused or rejected, is rejected, as is one whose buyer is not in the directory.
func (p *Platform) future(clientID string, d *document.Document) []wish {
	for _, before := range d.Preceding {
		known := p.state.numbers[numberKey(d.Seller.SIREN, before.Issued, before.Number)]
		if known == nil || known.Client != clientID {
			return []wish{{codeRejected, "REJ_COH", "La facture " + before.Number + " n'est pas connue."}}
		}
		if known.ended() {
			return []wish{{codeRejected, "REJ_COH", "La facture " + before.Number + " a été refusée ou rejetée : elle s'annule en interne."}}
		}
	}
	wishes, _ := wishOf(d.Buyer.Name)
	if d.Audience() == "B2C" {
		return slices.DeleteFunc(wishes, func(w wish) bool { return w.Code != codeRejected })
	}
	if strings.HasPrefix(d.Buyer.SIREN, unknownSIREN) || strings.HasPrefix(d.Buyer.SIREN, notYetSIREN) {
		return []wish{{codeRejected, "DEST_INC", "Le destinataire n'est pas dans l'annuaire."}}
	}
	wishes = append(wishes, wishOfSIREN(d.Buyer.SIREN)...)
	if len(wishes) > 0 && wishes[0].Code == codeRejected {
		return wishes[:1]
	}
	return append([]wish{{Code: codeTransmitted}, {Code: codeReceived}, {Code: codeAvailable}}, wishes...)
}

// delay returns how long after the previous status a status follows.
func (p *Platform) delay(w wish) time.Duration {
	switch w.Code {
	case codeTransmitted, codeRejected:
		return p.cfg.TransmitAfter
	case codeReceived:
		return p.cfg.ReceiveAfter
	case codeAvailable:
		return p.cfg.AvailableAfter
	}
	return p.cfg.AnswerAfter
}

func emitter(code int) string {
	switch code {
	case codeDeposited, codeTransmitted, codeRejected:
		return "PDPE"
	case codeReceived, codeAvailable:
		return "PDPR"
	case 209, codeCollected:
		return "SELLER"
	}
	return "BUYER"
}
