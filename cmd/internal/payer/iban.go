package payer

import (
	"fmt"
	"math/big"
	"math/rand/v2"
)

// NewIBAN returns the number of an account that nobody else has, which Login opens: DE, check digits by ISO 7064, 18 digits.
func NewIBAN() string {
	bban := fmt.Sprintf("37040044%010d", rand.Uint64N(1e10)) //nolint:gosec // nobody has to guess it
	n, _ := new(big.Int).SetString(bban+"131400", 10)        // D = 13, E = 14
	return fmt.Sprintf("DE%02d%s", 98-new(big.Int).Mod(n, big.NewInt(97)).Int64(), bban)
}
