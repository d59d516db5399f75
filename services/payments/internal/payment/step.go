package payment

// Step is the result of examining a payment under its lock.
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
	// Untouched writes nothing.
	Untouched = Step{}
	// Noted writes the fields that were set on the payment, without a history row or an event.
	Noted = Step{kind: noted}
)

// Changed writes a change of state with its history row and event, together with the fields that were set on the payment.
func Changed(c Change) Step { return Step{change: c, kind: changed} }

// ChangedIf is Changed if is holds, otherwise Untouched.
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
