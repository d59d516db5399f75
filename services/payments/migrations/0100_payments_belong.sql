-- +goose Up
-- The payment link and the subscription that a payment belongs to, and what is known of its money on the merchant's account.
alter table payments
    add column payment_link_id text not null default '',
    add column subscription_id text not null default '',
    add column settled_at      timestamptz,
    add column unsettled_at    timestamptz;
