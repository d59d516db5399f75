package payment

// Step is what becomes of a payment that somebody has looked at while holding its lock.
type Step struct {
	change Change
	kind   stepKind
}

type stepKind int

const (
	untouched stepKind = iota
	noted
	changed
)

// The steps without a change of state.
var (
	// Untouched: nothing is written.
	Untouched = Step{}
	// Noted: what was set on the payment is written, without a change of its state: no history and no event.
	Noted = Step{kind: noted}
)

// Changed is a change of the payment, with its history and its event, together with what was set on the payment.
func Changed(c Change) Step { return Step{change: c, kind: changed} }

// ChangedIf is Changed when is holds, else Untouched.
func ChangedIf(c Change, is bool) Step {
	if !is {
		return Untouched
	}
	return Changed(c)
}

// Writes reports whether anything is written.
func (s Step) Writes() bool { return s.kind != untouched }

// Change returns the change of the state, if it is one.
func (s Step) Change() (c Change, is bool) { return s.change, s.kind == changed }
