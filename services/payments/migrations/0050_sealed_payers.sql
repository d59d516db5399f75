-- +goose Up
-- The account numbers of payers, which are the beneficiaries of refunds, and the provider's answers are sealed with the connections key.
-- What earlier versions wrote stands unsealed in payer_iban, beneficiary_iban and provider_raw until `eupayctl keys rotate` has run.
alter table payments
    add column payer_iban_key_id       text,
    add column payer_iban_sealed       bytea,
    add column beneficiary_iban_key_id text,
    add column beneficiary_iban_sealed bytea;
alter table payment_history
    add column provider_raw_key_id text,
    add column provider_raw_sealed bytea;
