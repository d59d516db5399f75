package store

import (
	"encoding/hex"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/vault"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

const payerIBAN = "FR7630006000011234567890189"

// atRest is everything that the schema holds of payments, as text.
func (b *bench) atRest(t *testing.T) string {
	t.Helper()
	var all string
	err := b.pool.QueryRow(t.Context(), `select (select string_agg(p::text, E'\n') from payments p) || (select string_agg(h::text, E'\n') from payment_history h)
		|| (select string_agg(convert_from(data, 'LATIN1'), E'\n') from outbox)`).Scan(&all)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (b *bench) noPayerAtRest(t *testing.T, when string) {
	t.Helper()
	if all := b.atRest(t); strings.Contains(all, payerIBAN) || strings.Contains(all, hex.EncodeToString([]byte(payerIBAN))) {
		t.Errorf("%s the payer's account number stands in the clear:\n%s", when, all)
	}
}

// answered records a payment, opens it and completes it, each with an answer of the provider that names the payer's account.
func (b *bench) answered(t *testing.T, reference string) {
	t.Helper()
	p := draft(reference)
	p.Payer.IBAN = payerIBAN
	p, _, err := b.Create(t.Context(), p, Idempotency{}, Meta{})
	if err != nil {
		t.Fatal(err)
	}
	answer := []byte(`{"payer":"` + payerIBAN + `"}`)
	p.ProviderID = "provider-" + reference
	c := payment.Change{To: payment.PendingSCA, Cause: payment.CauseProvider, Event: "payment.pending_sca", ProviderRaw: answer}
	if _, opened, err := b.Open(t.Context(), p, c, Meta{}); err != nil || !opened {
		t.Fatalf("opened: %t, %v", opened, err)
	}
	_, err = b.Update(t.Context(), reference, Meta{}, func(*payment.Payment) payment.Step {
		return payment.Changed(payment.Change{To: payment.Completed, Cause: payment.CauseProvider, Event: "payment.completed", ProviderRaw: answer})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestPayersAccountsAndTheProvidersAnswersAreSealedAtRest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.answered(t, ref("PAY", 1))
	if _, _, err := b.Refund(t.Context(), refundDraft(ref("REF", 1), ref("PAY", 1)), 1000, Idempotency{}, Meta{}); err != nil {
		t.Fatal(err)
	}
	b.noPayerAtRest(t, "paid and refunded,")
	b.known(t, "sealed")
	if p, err := b.ByReference(t.Context(), ref("PAY", 1)); err != nil || p.Beneficiary.IBAN != draft("").Beneficiary.IBAN {
		t.Errorf("the merchant's account is %q, %v", p.Beneficiary.IBAN, err)
	}
}

// known checks that the account of the payer, who is refunded, and the provider's answers are still known.
func (b *bench) known(t *testing.T, when string) {
	t.Helper()
	paid, err := b.ByReference(t.Context(), ref("PAY", 1))
	if err != nil || paid.Payer.IBAN != payerIBAN {
		t.Errorf("%s: the payer's account is %q, %v", when, paid.Payer.IBAN, err)
	}
	refund, err := b.ByReference(t.Context(), ref("REF", 1))
	if err != nil || refund.Beneficiary.IBAN != payerIBAN {
		t.Errorf("%s: the money goes back to %q, %v", when, refund.Beneficiary.IBAN, err)
	}
	entries, err := b.Answers(t.Context(), ref("PAY", 1))
	if err != nil || len(entries) != 3 || entries[0].Answer != "" || !strings.Contains(entries[1].Answer, payerIBAN) || !strings.Contains(entries[2].Answer, payerIBAN) {
		t.Errorf("%s: the provider's answers are %+v, %v", when, entries, err)
	}
}

// TestWhatAnEarlierVersionWroteUnsealedIsReadAndSealed: an upgrade loses nothing, and one command seals what stands in the clear.
func TestWhatAnEarlierVersionWroteUnsealedIsReadAndSealed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.answered(t, ref("PAY", 1))
	if _, _, err := b.Refund(t.Context(), refundDraft(ref("REF", 1), ref("PAY", 1)), 1000, Idempotency{}, Meta{}); err != nil {
		t.Fatal(err)
	}
	for _, earlier := range []string{
		`update payments set payer_iban = '` + payerIBAN + `', payer_iban_key_id = null, payer_iban_sealed = null where kind = 'payment'`,
		`update payments set beneficiary_iban = '` + payerIBAN + `', beneficiary_iban_key_id = null, beneficiary_iban_sealed = null where kind = 'refund'`,
		`update payment_history set provider_raw = '{"payer":"` + payerIBAN + `"}', provider_raw_key_id = null, provider_raw_sealed = null where sequence > 1`,
	} {
		if _, err := b.pool.Exec(t.Context(), earlier); err != nil {
			t.Fatal(err)
		}
	}
	b.known(t, "unsealed")
	second, err := vault.New("test", strings.Repeat("02", 32), strings.Repeat("01", 32))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := second.Reseal(t.Context(), b.pool, b.Sealed()...); err != nil || n != 4 {
		t.Errorf("sealed %d values, %v", n, err)
	}
	b.noPayerAtRest(t, "sealed anew,")
	if b.vault, err = vault.New("test", strings.Repeat("02", 32)); err != nil {
		t.Fatal(err)
	}
	b.known(t, "sealed anew")
	if p, err := b.ByReference(t.Context(), ref("PAY", 1)); err != nil || p.Beneficiary.IBAN != draft("").Beneficiary.IBAN {
		t.Errorf("the merchant's account is %q, %v", p.Beneficiary.IBAN, err)
	}
}
