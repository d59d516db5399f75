-- +goose Up

-- What merchants' events said last.
create table loyalty_merchants (
    merchant_id text        primary key,
    name        text        not null,
    eligible    boolean     not null,
    changed_at  timestamptz not null
);

-- The points that a payment has earned its customer so far, and the event that said so.
create table loyalty_payments (
    reference   text    primary key,
    customer_id text    not null,
    merchant_id text    not null,
    livemode    boolean not null,
    sequence    bigint  not null,
    points      bigint  not null check (points >= 0)
);

create table loyalty_accounts (
    customer_id text    not null,
    livemode    boolean not null,
    -- The sum of the account's entries. Below 0 only where a payment was refunded after its points were used.
    balance     bigint  not null,
    primary key (customer_id, livemode)
);

-- Append-only.
create table loyalty_entries (
    id            uuid        primary key,
    customer_id   text        not null,
    livemode      boolean     not null,
    merchant_id   text        not null,
    merchant_name text        not null,
    reference     text        not null references loyalty_payments (reference),
    kind          text        not null check (kind in ('earned', 'taken_back')),
    points        bigint      not null check ((points > 0) = (kind = 'earned') and points <> 0),
    balance       bigint      not null,
    occurred_at   timestamptz not null
);
create index loyalty_entries_list on loyalty_entries (customer_id, livemode, id desc);
