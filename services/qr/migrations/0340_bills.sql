-- +goose Up

-- What the guests of a table who pay later have ordered together, from the first of these orders until it is paid or closed.
create table bills (
    id                uuid        primary key,
    merchant_id       uuid        not null,
    livemode          boolean     not null,
    table_id          uuid        not null, -- the table may be gone since
    table_name        text        not null,
    token             text        not null unique check (token ~ '^[0-9a-f]{32}$'), -- of the public link
    status            text        not null check (status in ('open', 'closed')),
    written_off_cents bigint      not null default 0 check (written_off_cents >= 0),
    write_off_reason  text        not null default '',
    sequence          bigint      not null, -- of its last event
    created_at        timestamptz not null,
    updated_at        timestamptz not null,
    paid_at           timestamptz,
    closed_at         timestamptz,
    constraint closed_at_an_end check ((status = 'closed') = (closed_at is not null))
);
create unique index bills_open_of_table on bills (table_id, livemode) where status = 'open';
create index bills_newest on bills (merchant_id, created_at desc, id desc);
create index bills_of_status on bills (merchant_id, status, created_at desc, id desc);
create index bills_of_table on bills (table_id, created_at desc, id desc);

-- The bill that an order is paid with, from when it was placed.
alter table orders add column bill_id uuid;
create index orders_of_bill on orders (bill_id, number) where bill_id is not null;

-- Parts of bills that somebody is paying, or has paid, with EU Pay. due_at is when an open one asks for its payment or expires; it is a lease too.
create table bill_shares (
    id                 uuid        primary key,
    bill_id            uuid        not null references bills,
    merchant_id        uuid        not null,
    livemode           boolean     not null,
    kind               text        not null check (kind in ('equal', 'items', 'amount', 'rest')),
    status             text        not null check (status in ('open', 'paid', 'failed', 'expired', 'cancelled')),
    amount_cents       bigint      not null check (amount_cents > 0),
    tip_cents          bigint      not null check (tip_cents >= 0),
    people             smallint    not null default 0,
    parts              smallint    not null default 0,
    items              jsonb       not null default '[]', -- [{"order_id", "position", "quantity", "cents"}]
    description        text        not null, -- of its payment
    page               text        not null, -- where its payer comes back to
    payment_reference  text        not null,
    payment_url        text        not null default '',
    payment_created_at timestamptz,
    merchant_version   bigint      not null,
    failure_code       text        not null default '',
    attempts           integer     not null default 0,
    due_at             timestamptz,
    expires_at         timestamptz not null,
    created_at         timestamptz not null,
    updated_at         timestamptz not null,
    trace              text        not null default '',
    constraint open_is_due check ((status = 'open') = (due_at is not null))
);
create index bill_shares_of_bill on bill_shares (bill_id, created_at, id);
create index bill_shares_due on bill_shares (due_at) where due_at is not null;

-- Money received for bills: of shares, and what merchants say they received themselves. refunded_cents is out of both amounts; refund_* is
-- the refund that was asked for last.
create table bill_payments (
    id               uuid        primary key,
    bill_id          uuid        not null references bills,
    merchant_id      uuid        not null,
    share_id         uuid        unique references bill_shares,
    method           text        not null check (method in ('eupay', 'cash', 'card', 'voucher', 'other')),
    reference        text        not null, -- of a payment with EU Pay
    amount_cents     bigint      not null check (amount_cents >= 0),
    tip_cents        bigint      not null check (tip_cents >= 0),
    taxes            jsonb       not null, -- amount_cents by rate of VAT: [{"rate", "gross", "vat"}]
    refunded_cents   bigint      not null default 0 check (refunded_cents between 0 and amount_cents + tip_cents),
    refund_status    text        not null default '' check (refund_status in ('', 'requested', 'pending', 'completed', 'failed')),
    refund_reference text        not null default '',
    refund_cents     bigint      not null default 0 check (refund_cents >= 0),
    refund_failure   text        not null default '',
    received_at      timestamptz not null,
    constraint a_share_is_paid_here check ((method = 'eupay') = (share_id is not null)),
    constraint something_came check (amount_cents + tip_cents > 0)
);
create index bill_payments_of_bill on bill_payments (bill_id, received_at, id);
create unique index bill_payments_refund on bill_payments (refund_reference) where refund_reference <> '';
