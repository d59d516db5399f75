package edge

import (
	"time"

	"github.com/labstack/echo/v4"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/gate"
)

// What other ways to pay share with the merchants' API.

// Carry sends a command about a payment that the pass is for and waits until the deadline, as a creation does: it returns the payment that is
// ready, or is only recorded by then. replayed: the payment existed. Errors: those of the command, SERVICE_UNAVAILABLE
// when nothing was confirmed.
func Carry(
	c echo.Context, commands *gate.Commands, pass gate.Pass, deadline time.Duration, subject string, payload proto.Message,
) (p *paymentsv1.Payment, replayed bool, err error) {
	out, err := (&Payments{Commands: commands, Deadline: deadline}).send(c.Request().Context(), c, pass, subject, payload, nil)
	return out.payment, out.replayed, err
}

// View is a payment as the merchants' API shows it.
func View(p *paymentsv1.Payment) any { return view(p) }

// AmountProblem says what is wrong with the amount of a payment; nil for nothing.
func AmountProblem(cents money.Cents) error {
	var bad problems
	checkAmount(&bad, cents)
	return bad.err()
}

// Unprintable finds what no text that people must be able to trust may hold.
func Unprintable(r rune) bool { return unprintable(r) }
