-- +goose Up

-- How an order was paid at the counter: cash, card, voucher or other; empty: with EU Pay, or not at all.
alter table orders add column paid_method text not null default '';

-- Closings of days, months and years. What they say is in their records of the journal; the columns repeat what lists and the next closing need.
create table till_closings (
    id             uuid        primary key,
    merchant_id    uuid        not null,
    livemode       boolean     not null,
    period         text        not null check (period in ('day', 'month', 'year')),
    -- Counts the closings of this period from 1.
    number         bigint      not null,
    -- The business day, or the first day of the month or year.
    day            date        not null,
    by_hand        boolean     not null,
    -- The records of the journal that it is about, and its own.
    first_sequence bigint      not null,
    last_sequence  bigint      not null,
    sequence       bigint      not null,
    closed_at      timestamptz not null,
    totals         jsonb       not null,
    hash           bytea       not null,
    unique (merchant_id, livemode, period, number)
);
-- The latest closings, and those of a month or year.
create index till_closings_by_day on till_closings (merchant_id, livemode, period, day, number);
create index till_closings_listed on till_closings (merchant_id, livemode, sequence);

-- Closings are not changed either.
create trigger till_closings_are_kept before update or delete or truncate on till_closings for each statement execute function journal_is_kept();

-- The records of money, which open a day that has to be closed.
create index journal_money on journal (merchant_id, livemode, sequence) where kind in ('ordered', 'cancelled', 'paid', 'refunded');
