-- +goose Up

-- Refunds that were asked for with a credit note. They are recorded in its transaction and asked for until there is an outcome.
create table credit_refunds (
    credit_note_id    uuid        primary key references invoices (id),
    merchant_id       text        not null,
    livemode          boolean     not null,
    payment_reference text        not null,
    -- The reference under which the refund is asked for, always the same: however often that is, there is one.
    refund_reference  text        not null unique,
    amount_cents      bigint      not null check (amount_cents > 0),
    status            text        not null check (status in ('wanted', 'made', 'refused')),
    error_code        text        not null default '',
    error_message     text        not null default '',
    due_at            timestamptz,
    attempts          integer     not null default 0,
    created_at        timestamptz not null,
    ended_at          timestamptz,
    constraint due_while_wanted check ((due_at is not null) = (status = 'wanted')),
    constraint ended_iff_answered check ((ended_at is not null) = (status <> 'wanted'))
);
create index credit_refunds_due on credit_refunds (due_at) where due_at is not null;
