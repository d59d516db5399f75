-- +goose Up
-- The numbers by bank are counted in the index too. It has all that payments_summary has, which it replaces.
create index payments_summary_bank on payments (merchant_id, livemode, created_at) include (status, amount_cents, amount_refunded_cents, completed_at, payer_bic)
    where kind = 'payment' and origin <> 'scan';
drop index payments_summary;
