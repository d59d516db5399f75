package bank

import (
	"testing"

	"european-pay.eu/eupay/sandbox/internal/rigtest"
)

func TestMain(m *testing.M) { rigtest.Main(m, "sandbox/bank.(*") }
