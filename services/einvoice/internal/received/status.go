package received

import (
	"slices"
	"strings"

	"european-pay.eu/eupay/internal/errs"
)

// The statuses of a received invoice, as the buyer sees them.
const (
	statusReceived   = "received"
	statusUnreadable = "unreadable"
)

// available is the code of a document that the buyer's platform has (203, "mise à disposition").
const available = 203

// statuses by the code of the life cycle (DGFiP specifications v3.2, table 8). 209 is the seller's.
var statuses = map[int]string{
	available: statusReceived, 204: "acknowledged", 205: "approved", 206: "partially_approved", 207: "disputed", 208: "suspended", 210: "refused",
	211: "payment_sent",
}

// moves are the codes that the buyer may send after a code. The specifications fix no order among the statuses of processing. Ours:
// a refusal (210) is the end, since it tells the administration that the invoice does not exist; what was approved is disputed before
// it is refused; and money that was sent cannot be taken back by a status, but there may be more of it.
var moves = map[int][]int{
	available: {204, 205, 206, 207, 208, 210, 211},
	204:       {205, 206, 207, 208, 210, 211},
	205:       {207, 211},
	206:       {205, 207, 210, 211},
	207:       {205, 206, 208, 210},
	208:       {205, 206, 207, 210},
	211:       {211},
}

// needsReason are the codes that require a reason (MDT-113).
var needsReason = []int{206, 207, 208, 210}

// Reasons are the codes of reasons that a buyer may give: those that the life cycle lists for 210.
var Reasons = strings.Fields(`TX_TVA_ERR MONTANTTOTAL_ERR CALCUL_ERR NON_CONFORME DOUBLON DEST_ERR TRANSAC_INC EMMET_INC CONTRAT_TERM
	DOUBLE_FACT CMD_ERR ADR_ERR REF_CT_ABSENT`)

// accepted are the codes after which the seller counts as known, and its accounts as seen.
var accepted = []int{205, 206, 211}

// maxReason limits the text of a reason.
const maxReason = 500

// Given is what a buyer answers.
type Given struct {
	Code               int
	ReasonCode, Reason string
}

// check refuses an answer that is no answer of a buyer, whatever the invoice.
func (g Given) check() error {
	switch {
	case g.Code == 209:
		return invalid("status", "status must not be completed: that is the seller's answer to suspended.")
	case statuses[g.Code] == "" || g.Code == available:
		return invalid("status", "status must be acknowledged, approved, partially_approved, disputed, suspended, refused or payment_sent.")
	case slices.Contains(needsReason, g.Code) && !slices.Contains(Reasons, g.ReasonCode):
		return invalid("reason_code", "reason_code is required with this status and must be one of "+strings.Join(Reasons, ", ")+".")
	case !slices.Contains(needsReason, g.Code) && g.ReasonCode != "":
		return invalid("reason_code", "reason_code must not be sent with this status.")
	case len([]rune(g.Reason)) > maxReason:
		return invalid("reason", "reason must have at most 500 characters.")
	}
	return nil
}

func invalid(field, message string) error {
	return errs.Invalid(errs.Field{Field: field, Message: message})
}

// follows refuses an answer that cannot follow what was answered before.
func (g Given) follows(code int) error {
	if slices.Contains(moves[code], g.Code) {
		return nil
	}
	if len(moves[code]) == 0 {
		return errs.New(errs.InvalidState, "The invoice was refused, which is final. Ask the supplier for a new one.")
	}
	return errs.New(errs.InvalidState, "The invoice is %s. It cannot become %s now.", statuses[code], statuses[g.Code])
}
