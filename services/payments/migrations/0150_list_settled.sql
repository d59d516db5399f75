-- +goose Up
-- A merchant lists its payments by what became of their money on its account, and by the payment link that they pay. No index here knows settled_at:
-- settling a payment would write a row into every index of payments.
create index payments_list_unsettled on payments (merchant_id, livemode, created_at desc, reference desc)
    where kind = 'payment' and unsettled_at is not null;
create index payments_list_link on payments (merchant_id, livemode, payment_link_id, created_at desc, reference desc)
    where kind = 'payment' and payment_link_id <> '';
