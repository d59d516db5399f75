package invoice

import "european-pay.eu/eupay/internal/money"

// Quantity is a number of units in ten-thousandths: 1 is 10000 (BR-FR-DEC-02 allows four decimals).
type Quantity int64

// Price is a price of one unit in millionths of a euro (BR-FR-DEC-03 allows six decimals).
type Price int64

const (
	quantityScale = 4
	priceScale    = 6
	// One unit.
	One Quantity = 10_000
)

// ParseQuantity parses a JSON number with at most four decimals and without an exponent.
func ParseQuantity(text string) (Quantity, error) {
	n, err := money.ParseDecimal(text, quantityScale)
	return Quantity(n), err
}

// String formats the quantity with as many decimals as needed: 1, 0.333.
func (q Quantity) String() string { return money.FormatDecimal(int64(q), quantityScale, 0) }

// String formats the price with two to six decimals.
func (p Price) String() string { return money.FormatDecimal(int64(p), priceScale, 2) }
