// Package privacy finds and erases what a service holds about a person (GDPR articles 15 and 17). Each service lists its tables with personal
// data in one Room; this package serves the list to operators, and docs/personal-data.md is written from it.
package privacy

import "slices"

// Room is a service's list of everything personal in its schema.
type Room struct {
	// Service is its name, which is its schema's too.
	Service  string
	Holdings []Holding
	// Resolve are statements that return what else the person is known by: rows of a Kind and a value. Each must only lead from a person to the
	// same person.
	Resolve []string
	// Obstacles are statements that return, one text a row, what of the person is open and has to end before anything is erased.
	Obstacles []string
	// Impersonal are columns whose names or types look personal and that are not, as "table.column", with the reason.
	Impersonal map[string]string
}

// The kinds of values that a statement of Room.Resolve returns.
const (
	KindCustomer  = "customer"
	KindEmail     = "email"
	KindReference = "reference"
	KindMerchant  = "merchant"
)

// Holding is one table's data about persons. Statements take the parameters that args returns, by name.
type Holding struct {
	Table string
	// Columns are the personal ones.
	Columns []string
	// What, Why and Kept are for people: the data, its purpose, and how long it is kept when nobody asks for its erasure.
	What, Why, Kept string
	// Erasing says what an erasure does. Duty is why rows stay after it; empty: none does.
	Erasing, Duty string
	// Find returns the person's rows that hold personal data, one JSON object each: after an erasure, those that stay. Empty: rows cannot be
	// found by a person, and Erasing says what becomes of them.
	Find string
	// Erase are the statements that remove what no duty keeps. They change nothing when they are repeated.
	Erase []string
	// Sealed are the fields of a found row that a vault has sealed.
	Sealed []SealedField
}

// SealedField is a field that Find returns as {"key": …, "sealed": …}, in base64, or null.
type SealedField struct {
	Name string
	// Owner is what the value was sealed for.
	Owner func(row map[string]any) string
}

// Knows reports whether a column is in the list: as personal, or as one that only looks so.
func (r Room) Knows(table, column string) bool {
	if _, ok := r.Impersonal[table+"."+column]; ok {
		return true
	}
	return slices.ContainsFunc(r.Holdings, func(h Holding) bool { return h.Table == table && slices.Contains(h.Columns, column) })
}
