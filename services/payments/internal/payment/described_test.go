package payment

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// enum reads the values that the API description lists for a schema.
func enum(t *testing.T, schema string) []string {
	t.Helper()
	text, err := os.ReadFile("../../../gateway/internal/apidoc/payments.yaml")
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`(?s)\n    ` + schema + `:\n.*?\n      enum: \[([^\]]*)\]`).FindSubmatch(text)
	if list == nil {
		t.Fatalf("schema %s lists no values", schema)
	}
	return strings.Split(string(list[1]), ", ")
}

func TestEveryDetailAndFailureIsInTheAPIDescription(t *testing.T) {
	details := []string{
		DetailAuthorising, DetailBankProcessing, DetailAcceptedByBank, DetailCancelling, DetailExpiring, DetailUnknown, DetailPayingByScan,
		DetailReceived, DetailMismatch, DetailRefused,
	}
	codes := []string{FailureExpired, FailureAlreadyPaid, FailureInProgress, FailureNotReceived, FailureMismatch, FailureCode("")}
	for _, field := range []string{"payer_identity", "beneficiary_identity"} {
		codes = append(codes, IdentityFailure(field, true), IdentityFailure(field, false))
	}
	for _, code := range failures {
		codes = append(codes, code)
	}
	for schema, used := range map[string][]string{"StatusDetail": details, "FailureCode": codes} {
		described := enum(t, schema)
		for _, value := range used {
			if !slices.Contains(described, value) {
				t.Errorf("%s does not list %s", schema, value)
			}
		}
		for _, value := range described {
			if !slices.Contains(used, value) {
				t.Errorf("%s lists %s, which no payment has", schema, value)
			}
		}
	}
}
