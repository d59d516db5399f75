-- +goose Up

-- Payments of received invoices by the merchant. The payment itself is in the payments service, under the same reference.
create table supplier_payments (
    id               uuid        primary key,
    reference        text        not null unique,
    received_id      uuid        not null references received_invoices (id),
    merchant_id      text        not null,
    livemode         boolean     not null,
    -- The least version of the merchant that decides.
    merchant_version bigint      not null,
    amount_cents     bigint      not null check (amount_cents > 0),
    -- The position of the account among those of the invoice (BG-17), from 0.
    account          smallint    not null check (account >= 0),
    status           text        not null check (status in ('pending', 'pending_sca', 'completed', 'failed', 'cancelled')),
    failure_code     text        not null default '',
    payment_url      text        not null default '',
    success_url      text        not null default '',
    cancel_url       text        not null default '',
    -- When the payments service is asked for it again. Once there is a page for the merchant, events say what becomes of it.
    due_at           timestamptz,
    attempts         integer     not null default 0,
    created_at       timestamptz not null,
    ended_at         timestamptz,
    constraint due_until_it_has_a_page check ((due_at is not null) = (status = 'pending')),
    constraint ended_iff_final check ((ended_at is not null) = (status in ('completed', 'failed', 'cancelled')))
);
-- One payment of an invoice is open at a time.
create unique index supplier_payments_open on supplier_payments (received_id) where status in ('pending', 'pending_sca');
create index supplier_payments_of on supplier_payments (received_id, id);
create index supplier_payments_due on supplier_payments (due_at) where due_at is not null;

-- The last account to which a seller was paid.
create index received_paid on received_invoices (merchant_id, livemode, seller_key, updated_at desc) where lifecycle_code = 211;
