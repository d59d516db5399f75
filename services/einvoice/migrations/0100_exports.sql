-- +goose Up

-- Files for accountants: made in the background, kept for a month.
create table exports (
    id           uuid        primary key,
    merchant_id  text        not null,
    livemode     boolean     not null,
    kind         text        not null check (kind in ('payments', 'refunds', 'invoices', 'sales', 'receipts', 'fec', 'statement')),
    format       text        not null check (format in ('csv', 'xlsx', 'fec', 'camt')),
    separator    text        not null check (separator in ('', 'comma', 'semicolon')),
    -- Days in France, both included.
    from_day     date        not null,
    to_day       date        not null check (to_day >= from_day),
    -- export.Accounts of a FEC, and the merchant as it is named in the file.
    accounts     jsonb       not null,
    company_name text        not null,
    siren        text        not null,
    status       text        not null default 'pending' check (status in ('pending', 'ready', 'failed')),
    -- While pending: when somebody has to make it, or until when somebody does.
    due_at       timestamptz,
    -- Who makes it, null when nobody. Once it is ready: whose parts are the file.
    attempt      uuid,
    attempts     integer     not null default 0,
    -- Why it failed, in words a merchant may see.
    problem      text        not null default '',
    -- Of the file, once it is ready.
    size         bigint      not null default 0,
    rows         bigint      not null default 0,
    sha256       bytea,
    -- export.Totals
    totals       jsonb       not null default '{}',
    created_at   timestamptz not null,
    finished_at  timestamptz,
    expires_at   timestamptz not null,
    check ((status = 'pending') = (due_at is not null)),
    check ((status = 'pending') = (finished_at is null)),
    check ((status = 'ready') = (sha256 is not null))
);
create index exports_due on exports (due_at) where status = 'pending';
create index exports_making on exports (merchant_id) where status = 'pending';
create index exports_list on exports (merchant_id, livemode, created_at desc, id desc);
create index exports_expired on exports (expires_at);

-- The files, in parts that were written one after the other. An attempt that was overtaken may leave some until the export ends.
create table export_parts (
    export_id uuid    not null references exports (id) on delete cascade,
    attempt   uuid    not null,
    number    integer not null,
    data      bytea   not null,
    primary key (export_id, attempt, number)
);

-- The books of a merchant by day.
create index invoice_payments_day on invoice_payments (merchant_id, livemode, paid_on, id) where payment_reference = '';
create index invoice_payments_recorded on invoice_payments (merchant_id, livemode, created_at, id) where payment_reference <> '';
