-- +goose Up

-- Invoices that follow their payment: what is given back of it, or cancelled of the order that it paid, is credited.
create table auto_credits (
    invoice_id        uuid        primary key references invoices (id),
    merchant_id       text        not null,
    livemode          boolean     not null,
    payment_reference text        not null check (payment_reference <> ''),
    -- What was paid with it in all; 0: what the payment says.
    paid_cents        bigint      not null check (paid_cents >= 0),
    -- When the invoice is compared with what is left; null: nothing has happened since.
    due_at            timestamptz,
    attempts          integer     not null default 0,
    created_at        timestamptz not null
);
create index auto_credits_due on auto_credits (due_at) where due_at is not null;
create index auto_credits_payment on auto_credits (payment_reference);

-- What was left of orders after each of their cancellations, by nature and rate of VAT: [{"nature", "rate", "amount"}].
create table order_cancellations (
    cancellation_id   text        primary key,
    merchant_id       text        not null,
    livemode          boolean     not null,
    payment_reference text        not null check (payment_reference <> ''),
    order_number      bigint      not null,
    -- Counts the changes of the order.
    sequence          bigint      not null,
    parts             jsonb       not null,
    -- The refund that was asked for with it; empty: none.
    refund_reference  text        not null default '',
    created_at        timestamptz not null
);
create index order_cancellations_payment on order_cancellations (payment_reference);
