// Package rounds says how often tests repeat what fails only sometimes: races, and properties of random histories. EUPAY_BRIEF=1 makes that a quarter,
// for machines that test every change.
package rounds

import (
	"flag"
	"os"
	"strconv"
)

const brief = 4

// Of returns how many of n rounds to make: at least one.
func Of(n int) int {
	if os.Getenv("EUPAY_BRIEF") != "1" {
		return n
	}
	return max(1, n/brief)
}

// Draws sets how often rapid draws for each property of a test package, unless -rapid.checks says it. Call it in the package's init.
func Draws(n int) {
	if err := flag.Set("rapid.checks", strconv.Itoa(Of(n))); err != nil {
		panic(err) // rapid has another name for it now
	}
}
