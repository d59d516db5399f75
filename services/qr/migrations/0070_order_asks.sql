-- +goose Up

-- An order that has to be paid asks the payments service for its payment: ask_due_at, which is a lease too, is written with the order. What
-- is asked for follows from the order. payment_created_at is null until the payments service has the payment, and payment_url is empty
-- until the bank has answered. A version before this one asks nothing: its orders have no ask_due_at.
alter table orders
    add column ask_due_at         timestamptz,
    add column ask_attempts       integer not null default 0,
    add column merchant_version   bigint  not null default 0,
    add column payment_url        text    not null default '',
    add column payment_created_at timestamptz;
create index orders_to_ask on orders (ask_due_at) where ask_due_at is not null and status = 'awaiting_payment';
