-- +goose Up
-- A merchant finds its payments by its own reference.
create index payments_list_merchant_reference on payments (merchant_id, livemode, merchant_reference, created_at desc, reference desc)
    where kind = 'payment' and merchant_reference <> '';
