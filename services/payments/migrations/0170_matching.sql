-- +goose Up
-- Ambiguous lines are looked at again when their rivals were matched. Mostly there are none, and then a look costs one page.
create index bank_lines_ambiguous on bank_lines (account_id, amount_cents, payer_fingerprint) where state = 'suggested' and reason = 'ambiguous';
