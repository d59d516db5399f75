-- +goose Up
-- The numbers of a period are counted in the index alone: everything that they are made of is in it.
create index payments_summary on payments (merchant_id, livemode, created_at) include (status, amount_cents, amount_refunded_cents, completed_at)
    where kind = 'payment' and origin <> 'scan';
