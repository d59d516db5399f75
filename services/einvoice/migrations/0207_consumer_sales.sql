-- +goose Up

-- Completed EU Pay payments that no invoice was made for when they came: sales to private customers, which are e-reported by day.
create table consumer_sales (
    -- The order in which they were recorded.
    seq               bigint      not null generated always as identity,
    payment_reference text        primary key,
    merchant_id       text        not null,
    livemode          boolean     not null,
    sold_on           date        not null,
    amount_cents      bigint      not null check (amount_cents > 0),
    -- The order at a table that it paid; empty: none.
    order_id          text        not null default '',
    -- The merchant's setting when it came: what is sold and the rate in tenths of a percent. Null: there was none.
    nature            text        check (nature in ('goods', 'services')),
    rate              integer,
    check ((nature is null) = (rate is null)),
    -- The merchant was exempt from VAT (article 293 B CGI), or paid VAT on services with the invoice.
    untaxed           boolean     not null,
    on_debits         boolean     not null,
    -- Its VAT is not known, so it is in no report.
    unknown           boolean     not null default false,
    created_at        timestamptz not null
);
create index consumer_sales_day on consumer_sales (merchant_id, livemode, sold_on);
create index consumer_sales_order on consumer_sales (order_id) where order_id <> '';
create index consumer_sales_unknown on consumer_sales (merchant_id, livemode, sold_on) where unknown;

-- What was given back of payments.
create table consumer_refunds (
    seq               bigint      not null generated always as identity,
    refund_reference  text        primary key,
    payment_reference text        not null,
    merchant_id       text        not null,
    livemode          boolean     not null,
    amount_cents      bigint      not null check (amount_cents > 0),
    refunded_on       date        not null,
    created_at        timestamptz not null
);
create index consumer_refunds_payment on consumer_refunds (payment_reference);

-- What the orders of enrolled merchants cost by nature and rate of VAT: [{"nature", "rate", "amount"}].
create table order_splits (
    order_id    text        primary key,
    merchant_id text        not null,
    livemode    boolean     not null,
    parts       jsonb       not null,
    created_at  timestamptz not null
);

-- Daily totals of a till, as the merchant gave them last.
create table till_sales (
    id          uuid        primary key,
    merchant_id text        not null,
    livemode    boolean     not null,
    till        text        not null,
    sold_on     date        not null,
    -- As in order_splits; an amount below zero is more returned than sold.
    totals      jsonb       not null,
    -- How often they were given.
    version     integer     not null default 1,
    created_at  timestamptz not null,
    updated_at  timestamptz not null,
    unique (merchant_id, livemode, sold_on, till)
);

-- What e-reports take from the tables above, in addition to sale_parts and receipt_parts: what a source sold on a day at a nature and
-- rate, below zero what it gave back.
create table consumer_parts (
    -- The reference of the payment or refund, or the id of the till's day.
    source            text    not null,
    -- The payment that the source belongs to; empty for a till.
    payment_reference text    not null,
    merchant_id       text    not null,
    livemode          boolean not null,
    sold_on           date    not null,
    -- TLB1, TPS1 or TNT1.
    category          text    not null,
    nature            text    not null check (nature in ('goods', 'services')),
    rate              integer not null,
    net_cents         bigint  not null,
    tax_cents         bigint  not null,
    -- The payment is reported too, because VAT is due with it (article 290 A CGI).
    reportable        boolean not null,
    -- A sum of sales whose number is not known.
    is_total          boolean not null,
    primary key (source, nature, rate)
);
create index consumer_parts_day on consumer_parts (merchant_id, livemode, sold_on);
create index consumer_parts_payment on consumer_parts (payment_reference) where payment_reference <> '';
