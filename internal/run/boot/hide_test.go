package boot

import (
	"testing"

	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/reference"
)

// TestTheQuickLookMissesNothing: what the expression would hide is hidden, in texts made of the pieces of secrets, IBANs and references.
func TestTheQuickLookMissesNothing(t *testing.T) {
	t.Parallel()
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{
			"sk_live_", "sk_test_", "sk_", "whsec_", "Bearer ", "Bearer", "eyJ", "FR76", "FR7", "fr76", "BD9309A3BB165AE9", "3000 6000", "6000", " 0112", "0123 4567 8901 ",
			"PAY-20261201-", "REF-20261201-", "SUB-", "-", " ", "_", "\n", "é", "pay", "Z", "9",
		}),
		rapid.StringMatching(`[A-Z0-9]{1,5}`), rapid.StringMatching(`[A-Z]{2}[0-9]{2}( ?[A-Z0-9]{4}){2,4}`), rapid.String(),
	)
	rapid.Check(t, func(t *rapid.T) {
		text := ""
		for _, p := range rapid.SliceOfN(piece, 0, 8).Draw(t, "pieces") {
			text += p
		}
		slowly := secretText.ReplaceAllStringFunc(text, func(found string) string {
			if reference.Valid(found) {
				return found
			}
			return hidden
		})
		if got := hide(text); got != slowly {
			t.Fatalf("%q is logged as %q instead of %q", text, got, slowly)
		}
	})
}

// TestSecretNamesAreFoundInAnyCase, also within a longer name.
func TestSecretNamesAreFoundInAnyCase(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"api_secret", "Password", "AUTHORIZATION", "accessToken", "set-cookie", "creditor_IBAN"} {
		if !secretive(name) {
			t.Errorf("%s is shown", name)
		}
	}
	for _, name := range []string{"request_id", "route", "path", ""} {
		if secretive(name) {
			t.Errorf("%s is hidden", name)
		}
	}
}
