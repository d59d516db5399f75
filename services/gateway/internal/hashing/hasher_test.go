package hashing

import (
	"testing"

	"golang.org/x/crypto/bcrypt"

	"european-pay.eu/eupay/services/gateway/internal/slots"
)

// TestAnAccountThatDoesNotExistCostsAsMuch compares with a hash of the same cost, which nothing matches.
func TestAnAccountThatDoesNotExistCostsAsMuch(t *testing.T) {
	t.Parallel()
	h, err := NewHasher(bcrypt.MinCost+1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if cost, err := bcrypt.Cost([]byte(h.decoy)); err != nil || cost != bcrypt.MinCost+1 {
		t.Errorf("the decoy costs %d, %v", cost, err)
	}
	who := slots.Turn{Name: "test"}
	if ok, err := h.Matches(t.Context(), who, "", "any secret"); ok || err != nil {
		t.Errorf("nobody's secret matches: %v, %v", ok, err)
	}
	hash, err := h.Hash(t.Context(), who, "my secret")
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := h.Matches(t.Context(), who, hash, "my secret"); !ok || err != nil {
		t.Errorf("the secret matches: %v, %v", ok, err)
	}
	if ok, err := h.Matches(t.Context(), who, hash, "another secret"); ok || err != nil {
		t.Errorf("another secret matches: %v, %v", ok, err)
	}
}
