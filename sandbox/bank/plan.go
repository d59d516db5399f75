package bank

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"european-pay.eu/eupay/sandbox/internal/fault"
)

// plan is what happens after the payer has authorised: some pending phases, then an end.
type plan struct {
	Phases    int    `json:"phases,omitempty"`
	State     string `json:"state,omitempty"`
	ErrorCode string `json:"error,omitempty"`
	// Hang keeps the payment pending until it expires or is settled through the management port.
	Hang bool `json:"hang,omitempty"`
	// AtOnce ends the payment before the payer reaches their bank.
	AtOnce bool `json:"at_once,omitempty"`
}

// endings are the codes of the test connector, followed by four of ours.
var endings = map[string]plan{
	"done": {State: StateDone},
	"canc": {State: StateRejected, ErrorCode: "CancelledByUser"},
	"rjct": {State: StateRejected, ErrorCode: "noSpecifiedReason"},
	"err":  {State: StateRejected, ErrorCode: "invalidAmount"},
	"bug":  {State: StateRejected, ErrorCode: "bug"},

	"acpt": {State: StateAccepted},
	"xprd": {State: StateExpired},
	"part": {State: StatePartial},
	"hang": {Hang: true},
}

// parseCodes parses up to three codes such as "pdng/rjct".
func parseCodes(text string) (plan, bool) {
	codes := strings.Split(strings.ToLower(strings.TrimSpace(text)), "/")
	if len(codes) > 3 {
		return plan{}, false
	}
	p := plan{State: StateDone}
	for i, code := range codes {
		end, ok := endings[code]
		switch {
		case code == "pdng":
			p.Phases++
		case ok && i == len(codes)-1:
			end.Phases = p.Phases
			end.AtOnce = code == "bug" && p.Phases == 0
			return end, true
		default:
			return plan{}, false
		}
	}
	return p, true
}

// wish is what a label or an amount requests from the sandbox.
type wish struct {
	plan      plan
	authorise bool
	faults    []fault.Fault
	// identity requires to know who pays, as some banks do.
	identity bool
}

// magicBase is the first magic amount, 9,900.00, in cents. Each hundred above it is a table.
const magicBase = 990000

// magicFaults, magicErrors and magicPlans are these tables: 9900.01 is the first fault, 9901.01 the first error code, 9902.01 the
// first plan. Add new entries at the end, because tests use these amounts.
var (
	magicFaults = []fault.Kind{
		fault.Slow, fault.Error, fault.NoAnswer, fault.Late, fault.LostAnswer, fault.RateLimit,
		fault.Unauthorized, fault.Garbage, fault.FieldsMap, fault.AmountNumber, fault.UnknownState, fault.UnknownErrorCode,
		fault.HookDrop, fault.HookDuplicate, fault.HookReorder, fault.HookForged, fault.HookUnsigned, fault.HookSlow,
		fault.OtherAmount,
	}
	magicErrors = []string{
		"invalidEmitter", "insufficientFunds", "invalidAmount", "invalidCurrency", "invalidDate",
		"invalidBeneficiary", "invalidLabel", "invalidReferenceId", "regulatoryReason", "authenticationFailed",
		"noAnswerFromCustomer", "noSpecifiedReason", "CancelledByUser", "CancelledByClient", "confirmationRefused",
		"bankMessage", "invalidValue", "websiteUnavailable", "bug",
	}
	magicPlans = []string{"pdng", "pdng/pdng", "acpt", "pdng/acpt", "xprd", "hang", "pdng/rjct", "auto", "auto/pdng"}
)

// wishOf parses the label and the amount of a payment's first instruction.
func wishOf(first instruction) wish {
	w := wish{plan: plan{State: StateDone}}
	code, _, _ := strings.Cut(first.Label, "-")
	if p, ok := parseCodes(code); ok {
		w.plan = p
	}
	w.magicAmount(first.Cents)
	for _, word := range strings.Fields(first.Label) {
		if text, ok := strings.CutPrefix(word, "sandbox:"); ok {
			w.direct(text)
		}
		if text, ok := strings.CutPrefix(word, "fault:"); ok {
			w.fault(text)
		}
	}
	return w
}

func (w *wish) magicAmount(cents int64) {
	table, n := (cents-magicBase)/100, int((cents-magicBase)%100)-1
	switch {
	case cents < magicBase || n < 0:
	case table == 0 && n < len(magicFaults):
		w.fault(string(magicFaults[n]))
	case table == 1 && n < len(magicErrors):
		w.plan = plan{State: StateRejected, ErrorCode: magicErrors[n]}
	case table == 2 && n < len(magicPlans):
		w.direct(magicPlans[n])
	}
}

// direct parses "auto", "reject:insufficientFunds", "pdng/rjct", "auto/pdng" and "identity".
func (w *wish) direct(text string) {
	if text == "identity" {
		w.identity = true
		return
	}
	rest, auto := strings.CutPrefix(text, "auto")
	if auto {
		w.authorise = true
		text = strings.TrimPrefix(rest, "/")
	}
	if code, ok := strings.CutPrefix(text, "reject:"); ok {
		w.plan = plan{State: StateRejected, ErrorCode: code}
	} else if p, ok := parseCodes(text); ok {
		w.plan = p
	}
}

// fault parses "slow", "slow:2000" (milliseconds), "error:503" (status) and "rate-limit:2" (Retry-After).
func (w *wish) fault(text string) {
	name, number, _ := strings.Cut(text, ":")
	n, err := strconv.Atoi(number)
	if err != nil {
		n = 0
	}
	f := fault.Fault{Kind: fault.Kind(name)}
	switch f.Kind {
	case fault.Error:
		if n >= 400 && n <= 599 {
			f.Status = n
		}
	case fault.RateLimit:
		f.RetryAfter = n
	default:
		f.LatencyMS = n
	}
	if f.Kind.Known() && !slices.ContainsFunc(w.faults, func(g fault.Fault) bool { return g.Kind == f.Kind }) {
		w.faults = append(w.faults, f)
	}
}

func (b *Bank) phase(r *record) time.Duration {
	if r.instant() {
		return b.cfg.InstantPhase
	}
	return b.cfg.ClassicPhase
}
