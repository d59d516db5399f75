-- +goose Up

-- Where the list of received documents of a merchant was read up to, and when it is read next.
create table inboxes (
    merchant_id text        not null,
    livemode    boolean     not null,
    client_id   text        not null,
    -- The platform's id of the newest document that is recorded here.
    cursor      text        not null default '',
    due_at      timestamptz not null,
    primary key (merchant_id, livemode)
);
create index inboxes_due on inboxes (livemode, due_at);
create index inboxes_client on inboxes (client_id);

-- Invoices of suppliers. A row exists from the moment that the platform lists the document; it is shown once it was fetched.
create table received_invoices (
    id             uuid        primary key,
    merchant_id    text        not null,
    livemode       boolean     not null,
    platform_id    text        not null,
    -- As the platform names it, then as it was found: cii, ubl, factur-x, or empty.
    format         text        not null,
    received_at    timestamptz not null,
    -- When the document is fetched; null once it is here.
    fetch_at       timestamptz,
    fetches        integer     not null default 0,
    -- Of the buyer: see internal/received.
    status         text        not null default 'received',
    lifecycle_code integer     not null default 203,
    -- Why the document cannot be read.
    problem        text        not null default '',
    -- reading.Invoice; null while it is not fetched or cannot be read.
    document       jsonb,
    -- What is wrong with it, as reading.Finding.
    findings       jsonb       not null default '[]',
    seller_key     text        not null default '',
    seller_name    text        not null default '',
    seller_siren   text        not null default '',
    number         text        not null default '',
    type_code      text        not null default '',
    issued_on      date,
    due_on         date,
    -- Amounts are in hundredths of this currency.
    currency       text        not null default '',
    net_cents      bigint      not null default 0,
    tax_cents      bigint      not null default 0,
    total_cents    bigint      not null default 0,
    due_cents      bigint      not null default 0,
    ibans          text[]      not null default '{}',
    duplicate_of   uuid        references received_invoices (id),
    sequence       bigint      not null default 0,
    created_at     timestamptz not null,
    updated_at     timestamptz not null,
    unique (merchant_id, livemode, platform_id)
);
create index received_fetch on received_invoices (livemode, fetch_at) where fetch_at is not null;
create index received_list on received_invoices (merchant_id, livemode, created_at desc, id desc) where fetch_at is null;
create index received_status on received_invoices (merchant_id, livemode, status, created_at desc, id desc) where fetch_at is null;
create index received_siren on received_invoices (merchant_id, livemode, seller_siren, created_at desc, id desc) where fetch_at is null;
create index received_seller on received_invoices (merchant_id, livemode, seller_key, number) where seller_key <> '';

create index received_accepted on received_invoices (merchant_id, livemode, seller_key) where lifecycle_code in (205, 206, 211);

-- The documents as they came, and the XML in a Factur-X.
create table received_files (
    received_id uuid        primary key references received_invoices (id),
    original    bytea       not null,
    sha256      bytea       not null,
    xml         bytea,
    created_at  timestamptz not null
);

-- The statuses that buyers gave, each sent as a transmission. Append-only but for the outcome.
create table received_answers (
    id           uuid        primary key,
    received_id  uuid        not null references received_invoices (id),
    merchant_id  text        not null,
    livemode     boolean     not null,
    -- Their order.
    number       integer     not null,
    code         integer     not null check (code between 204 and 211),
    reason_code  text        not null,
    reason       text        not null,
    state        text        not null default 'sending' check (state in ('sending', 'sent', 'refused')),
    platform_id  text        not null default '',
    problem      text        not null default '',
    created_at   timestamptz not null,
    ended_at     timestamptz,
    unique (received_id, number)
);

alter table transmissions
    drop constraint transmissions_kind_check,
    add constraint transmissions_kind_check check (kind in ('document', 'collection', 'report', 'answer')) not valid;
alter table transmissions validate constraint transmissions_kind_check;
