package archive

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/lifecycle"
	"european-pay.eu/eupay/internal/money"
)

// Trail is how a document came about: the reliable audit trail (article 289 VII 1° CGI).
type Trail struct {
	ID     uuid.UUID
	Number string
	// Steps, the oldest first.
	Steps []Step
}

// Step is something that happened, with what proves it.
type Step struct {
	At time.Time
	// Kind is order, payment, issued, stored, submitted, lifecycle, received, corrected, refund, reported or sealed.
	Kind      string
	Reference string
	// Amount; nil: there is none.
	Amount *money.Cents
	Detail string
}

// kindLifecycle is a step of the life cycle, whose detail begins with its code.
const kindLifecycle = "lifecycle"

// Trail returns the steps of a document, which id names by its id or number; NOT_FOUND if the merchant has none.
func (a *Archive) Trail(ctx context.Context, who Who, id string) (Trail, error) {
	t, err := a.findDocument(ctx, who, id)
	if err != nil {
		return Trail{}, err
	}
	if t.Steps, err = a.readSteps(ctx, t); err != nil {
		return Trail{}, err
	}
	for i := range t.Steps {
		s := &t.Steps[i]
		if code, err := strconv.ParseInt(s.Detail, 10, 32); s.Kind == kindLifecycle && err == nil {
			s.Detail += " " + lifecycle.Label(int32(code))
		}
	}
	return t, nil
}
