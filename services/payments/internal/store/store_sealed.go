package store

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/vault"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

// Sealed lists the columns that the vault seals: the account numbers of payers, who are the beneficiaries of refunds, those of
// suppliers, and the provider's responses, which may contain them.
func (s *Store) Sealed() []vault.Column {
	return []vault.Column{
		{
			Table: "payments", Key: []string{"reference"}, KeyID: "payer_iban_key_id", Data: "payer_iban_sealed", Plain: "payer_iban",
			Owner: func(of []string) string { return payerOwner(of[0]) },
		},
		{
			Table: "payments", Key: []string{"reference"}, KeyID: "beneficiary_iban_key_id", Data: "beneficiary_iban_sealed", Plain: "beneficiary_iban",
			Where: "kind in ('refund', 'supplier')", Owner: func(of []string) string { return beneficiaryOwner(of[0]) },
		},
		{
			Table: "payment_history", Key: []string{"reference", "sequence"}, KeyID: "provider_raw_key_id", Data: "provider_raw_sealed", Plain: "provider_raw",
			Owner: func(of []string) string { return answerOwner(of[0], of[1]) },
		},
	}
}

func payerOwner(reference string) string { return "payer iban\x00" + reference }

func beneficiaryOwner(reference string) string { return "beneficiary iban\x00" + reference }

func answerOwner(reference, sequence string) string {
	return "provider answer\x00" + reference + "\x00" + sequence
}

// sealedText is a sealed text in two columns; both are null for an empty text.
type sealedText struct {
	keyID *string
	data  []byte
}

func (s *Store) seal(plain, owner string) sealedText {
	if plain == "" {
		return sealedText{}
	}
	v := s.vault.Seal(plain, owner)
	return sealedText{&v.KeyID, v.Data}
}

// sealAnswer seals the provider's response that caused the change with the given sequence.
func (s *Store) sealAnswer(raw []byte, reference string, sequence int64) sealedText {
	return s.seal(string(raw), answerOwner(reference, strconv.FormatInt(sequence, 10)))
}

// open decrypts into plain, unless plain holds a value that an earlier version wrote unsealed.
func (s *Store) open(plain *string, sealed sealedText, owner string) error {
	if *plain != "" || sealed.keyID == nil {
		return nil
	}
	text, err := s.vault.Open(vault.Sealed{KeyID: *sealed.keyID, Data: sealed.data}, owner)
	*plain = text
	return err
}

// beneficiary returns how the beneficiary's IBAN is stored: a merchant's in plain text, a refunded payer's and a
// supplier's sealed.
func (s *Store) beneficiary(p payment.Payment) (plain string, sealed sealedText) {
	if p.Kind != payment.KindRefund && p.Kind != payment.KindSupplier {
		return p.Beneficiary.IBAN, sealedText{}
	}
	return "", s.seal(p.Beneficiary.IBAN, beneficiaryOwner(p.Reference))
}

// Answered is a history row with the provider's response that caused it, if any.
type Answered struct {
	Entry
	Answer string
}

// Answers returns all changes of any payment or refund, oldest first, with the provider's responses. They contain personal data
// and are meant for operators. It returns ErrNotFound for an unknown reference.
func (s *Store) Answers(ctx context.Context, reference string) ([]Answered, error) {
	rows, err := s.pool.Query(ctx, `select `+entryColumns+`, provider_raw, provider_raw_key_id, provider_raw_sealed
		from payment_history where reference = $1 order by sequence`, reference)
	if err != nil {
		return nil, fmt.Errorf("query the answers of payment %s: %w", reference, err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (a Answered, err error) {
		var sealed sealedText
		e := &a.Entry
		if err := row.Scan(&e.Sequence, &e.From, &e.To, &e.Detail, &e.Failure, &e.Cause, &e.ProviderState, &e.At, &e.Actor, &e.Note, &e.TraceID,
			&a.Answer, &sealed.keyID, &sealed.data); err != nil {
			return a, err
		}
		return a, s.open(&a.Answer, sealed, answerOwner(reference, strconv.FormatInt(e.Sequence, 10)))
	})
	if err != nil {
		return nil, fmt.Errorf("read the answers of payment %s: %w", reference, err)
	}
	if len(list) == 0 {
		return nil, ErrNotFound
	}
	return list, nil
}
