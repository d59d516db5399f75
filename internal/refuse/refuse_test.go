package refuse

import (
	"slices"
	"testing"

	"european-pay.eu/eupay/internal/errs"
)

func TestEveryProblemIsNamedByItsPath(t *testing.T) {
	t.Parallel()
	var p Problems
	if err := p.Err(); err != nil {
		t.Fatalf("nothing is wrong, and yet: %v", err)
	}
	p.If(false, "currency", "must be EUR")
	p.If(true, "amount", "must be from %d to %d", 1, 9)
	p.Add(At("items", 2)+".price", "is required")
	p.Join(errs.Invalid(errs.Field{Field: "note", Message: "note is too long."}))
	p.Join(nil)
	err := errs.From(p.Err())
	want := []errs.Field{
		{Field: "amount", Message: "amount must be from 1 to 9."},
		{Field: "items[2].price", Message: "items[2].price is required."},
		{Field: "note", Message: "note is too long."},
	}
	if err.Code != errs.ValidationError || !slices.Equal(err.Fields, want) {
		t.Errorf("%s %v, want %v", err.Code, err.Fields, want)
	}
}

// An interface that holds a nil pointer is an error: Err must not make one of nothing.
func TestNoProblemIsNoError(t *testing.T) {
	t.Parallel()
	if err := (Problems{}).Err(); err != nil {
		t.Error(err)
	}
}
