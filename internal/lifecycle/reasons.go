package lifecycle

// Effect is what a refusal (210) or a rejection (213) does to the invoice in the seller's books.
type Effect int

const (
	// LeftToPerson changes nothing: the step is shown, and the merchant decides. It is the effect of every reason that is not in the
	// table, and of steps other than a refusal or a rejection.
	LeftToPerson Effect = iota
	// Ends means that the invoice has no effect any more: the seller cancels it in its own books, and nothing about it is sent.
	Ends
	// KeepsInvoice means that only a second delivery was turned away: the buyer has the invoice, and it stands.
	KeepsInvoice
)

// String returns the effect as the documentation names it.
func (e Effect) String() string {
	return [...]string{"left to the merchant", "the invoice fails", "the invoice stands"}[e]
}

// Reason is a reason of a refusal or a rejection.
type Reason struct {
	// Step is Refused or Rejected.
	Step int32
	// Code is MDT-113 of the life-cycle message.
	Code string
	// Meaning says what the step means to the seller, and Advice what to do. Each is one or two sentences.
	Meaning, Advice string
	Effect          Effect
}

// What sellers are advised to do.
const (
	issueAgain   = "Cancel this invoice and issue a corrected one. "
	booksOnly    = "The cancellation stays in your own books."
	askTheBuyer  = "Ask the buyer first: "
	nothingToDo  = "You need not do anything. "
	theyHaveIt   = "The invoice remains valid and payable."
	askSupport   = "Contact EU Pay support with the number of the invoice, because our own checks should have prevented this. Then cancel it and issue another. "
	contestOrEnd = "if the buyer is right, cancel this invoice; if not, agree with the buyer and issue it again under a new number. "
)

// reasons has the codes that each step may have, as the rules for life-cycle messages list them (FNFE, CDAR, BR-FR-CDV-CL-09), and what
// they mean by the official table of reasons (DGFiP external specifications v3.2). A duplicate is an invoice with the same number, seller
// and year. EU Pay never gives a number twice, so a platform that finds one has had the same invoice before. From a buyer it may also be
// a mistake for DOUBLE_FACT, which only the two can settle.
var reasons = []Reason{
	{Refused, "TX_TVA_ERR", "The buyer refused the invoice because a VAT rate is wrong.", issueAgain + booksOnly, Ends},
	{Refused, "MONTANTTOTAL_ERR", "The buyer refused the invoice because one of its totals is wrong.", issueAgain + booksOnly, Ends},
	{Refused, "CALCUL_ERR", "The buyer refused the invoice because it is not calculated correctly.", issueAgain + booksOnly, Ends},
	{Refused, "NON_CONFORME", "The buyer refused the invoice because it lacks information that the law requires.", issueAgain + booksOnly, Ends},
	{
		Refused, "DOUBLON", "The buyer refused the invoice as a duplicate of one with the same number. EU Pay has used this number only once.",
		"Ask the buyer whether it has the invoice. If it has, nothing is wrong; if it was charged twice for the same, cancel this invoice.", LeftToPerson,
	},
	{
		Refused, "DEST_ERR", "The buyer refused the invoice because it is addressed to the wrong company.",
		"Cancel this invoice and issue one to the right SIREN. " + booksOnly, Ends,
	},
	{Refused, "TRANSAC_INC", "The buyer refused the invoice because it knows of no such delivery or service.", askTheBuyer + contestOrEnd + booksOnly, Ends},
	{Refused, "EMMET_INC", "The buyer refused the invoice because it does not know your company.", askTheBuyer + contestOrEnd + booksOnly, Ends},
	{Refused, "CONTRAT_TERM", "The buyer refused the invoice because the contract has ended.", askTheBuyer + contestOrEnd + booksOnly, Ends},
	{
		Refused, "DOUBLE_FACT", "The buyer refused the invoice because another invoice already charges for the same delivery or service.",
		askTheBuyer + contestOrEnd + booksOnly, Ends,
	},
	{
		Refused, "CMD_ERR", "The buyer refused the invoice because its purchase order number is wrong or missing.",
		"Cancel this invoice and issue one with the purchase order number of the buyer. " + booksOnly, Ends,
	},
	{
		Refused, "ADR_ERR", "The buyer refused the invoice because its electronic address is wrong or missing.",
		"Cancel this invoice and issue one to the electronic address that the buyer names. " + booksOnly, Ends,
	},
	{
		Refused, "REF_CT_ABSENT", "The buyer refused the invoice because it lacks a reference that the contract requires.",
		"Ask the buyer for the reference, cancel this invoice and issue one that has it. " + booksOnly, Ends,
	},
	{Rejected, "MONTANTTOTAL_ERR", "A platform rejected the invoice because one of its totals is wrong.", askSupport + booksOnly, Ends},
	{Rejected, "CALCUL_ERR", "A platform rejected the invoice because it is not calculated correctly.", askSupport + booksOnly, Ends},
	{Rejected, "DOUBLON", "A platform turned away a second copy of the invoice. The first one was delivered.", nothingToDo + theyHaveIt, KeepsInvoice},
	{
		Rejected, "DEST_INC", "A platform rejected the invoice because the buyer is not in the directory.",
		"Check the buyer's SIREN, cancel this invoice and issue a corrected one. " + booksOnly, Ends,
	},
	{
		Rejected, "ADR_ERR", "A platform rejected the invoice because an electronic address is wrong or missing.",
		"Check the buyer's electronic address, cancel this invoice and issue a corrected one. " + booksOnly, Ends,
	},
	{Rejected, "REJ_SEMAN", "A platform rejected the invoice because its content breaks a rule of the format.", askSupport + booksOnly, Ends},
	{
		Rejected, "REJ_UNI", "A platform turned away the invoice because it already has one with this number. EU Pay has used this number only once.",
		nothingToDo + theyHaveIt, KeepsInvoice,
	},
	{
		Rejected, "REJ_COH", "A platform rejected the invoice because parts of it contradict each other or the official registers.",
		"Check the SIREN, SIRET and VAT number of both companies. " + issueAgain + booksOnly, Ends,
	},
	{
		Rejected, "REJ_ADR", "A platform rejected the invoice because it cannot be delivered to the address of the buyer.",
		"Check the buyer's electronic address, cancel this invoice and issue a corrected one. " + booksOnly, Ends,
	},
	{
		Rejected, "REJ_CONT_B2G", "A platform rejected the invoice because a public buyer requires something that it lacks, such as an order number or a service code.",
		"Ask the buyer for it, cancel this invoice and issue one that has it. " + booksOnly, Ends,
	},
	{Rejected, "REJ_REF_PJ", "A platform rejected the invoice because a reference to an attachment is wrong.", askSupport + booksOnly, Ends},
	{Rejected, "REJ_ASS_PJ", "A platform rejected the invoice because an attachment does not belong to it.", askSupport + booksOnly, Ends},
}

// unforeseen are refusals and rejections without a reason from the table.
var unforeseen = map[int32]string{
	Refused:  "The buyer refused the invoice for a reason that EU Pay does not know.",
	Rejected: "A platform rejected the invoice for a reason that EU Pay does not know.",
}

const decideYourself = "Nothing has changed in your books. Ask the buyer or EU Pay support whether the invoice stands; if it does not, cancel it."

// Reasons returns all known reasons: of refusals, then of rejections.
func Reasons() []Reason { return append([]Reason(nil), reasons...) }

// ReasonOf returns what a step means with a reason's code. A refusal or rejection without a known reason is LeftToPerson, and says so.
// Other steps have no meaning here: it is empty.
func ReasonOf(step int32, code string) Reason {
	for _, r := range reasons {
		if r.Step == step && r.Code == code {
			return r
		}
	}
	r := Reason{Step: step, Code: code, Meaning: unforeseen[step]}
	if r.Meaning != "" {
		r.Advice = decideYourself
	}
	return r
}

// IsRefusal reports whether a step refuses or rejects the invoice, so that the platforms deal with it no more: every 210 and 213 but one
// for a second delivery.
func IsRefusal(step int32, code string) bool {
	return (step == Refused || step == Rejected) && ReasonOf(step, code).Effect != KeepsInvoice
}
