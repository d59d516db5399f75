-- +goose Up

-- What is given back of an order's payment. refund_* is the refund that was asked for with the order; refunded_cents is all
-- that came of refunds, whoever asked for them.
alter table orders
    add column refund_status    text   not null default '' check (refund_status in ('', 'requested', 'pending', 'completed', 'failed')),
    add column refund_reference text   not null default '',
    add column refund_cents     bigint not null default 0 check (refund_cents between 0 and total_cents),
    add column refund_failure   text   not null default '',
    add column refunded_cents   bigint not null default 0 check (refunded_cents >= 0);
create unique index orders_refund on orders (refund_reference) where refund_reference <> '';

-- What a table has taken without paying, and how often it ordered lately.
create index orders_open_of_table on orders (table_id) where paid_at is null and status in ('awaiting_payment', 'received');
create index orders_of_table on orders (table_id, created_at);
create index orders_unclaimed on orders (created_at) where paid_at is null and status = 'received';

-- What the payments service has to be told about the payment of an order: written in the transaction that ends the order, and
-- sent again until that service answers. due_at is a lease too; null: it is done.
create table payment_tasks (
    id                uuid        primary key,
    kind              text        not null check (kind in ('cancel', 'refund')),
    order_id          uuid        not null references orders (id),
    payment_reference text        not null,
    command           bytea       not null, -- CancelPayment or RefundPayment of eupay.payments.v1
    attempts          integer     not null default 0,
    due_at            timestamptz,
    outcome           text        not null default '', -- of the last attempt
    created_at        timestamptz not null
);
create unique index payment_tasks_once on payment_tasks (order_id, kind, payment_reference);
create index payment_tasks_due on payment_tasks (due_at) where due_at is not null;
