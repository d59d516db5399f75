-- +goose Up

-- A merchant's enrolment at the platform, one for test and one for live mode.
create table enrolments (
    merchant_id    text        not null,
    livemode       boolean     not null,
    -- invoice.Settings
    settings       jsonb       not null,
    -- The merchant's part of its document numbers.
    code           text        not null check (code ~ '^[0-9A-Z]{6}$'),
    logo           bytea,
    client_id      text        not null default '',
    mandate_id     text        not null default '',
    -- 'creating' until the platform has told about a mandate, then platform.MandateStatus.
    mandate_status text        not null default 'creating' check (mandate_status in ('creating', 'pending_kyb', 'active', 'expired', 'error')),
    -- When the platform is asked next, or until when somebody is asking.
    due_at         timestamptz not null,
    -- Who is asking; null when nobody.
    lease          uuid,
    -- When it was asked last; null when there may be news that an attempt in progress has missed.
    asked_at       timestamptz,
    -- Attempts since something changed.
    attempts       integer     not null default 0,
    last_error     text        not null default '',
    created_at     timestamptz not null,
    updated_at     timestamptz not null,
    primary key (merchant_id, livemode),
    unique (livemode, code)
);
create index enrolments_due on enrolments (livemode, due_at);
create index enrolments_client on enrolments (client_id) where client_id <> '';

-- The last number that was given, by series ('INV', 'CN') and year. Taken in the transaction of the document.
create table counters (
    merchant_id text     not null,
    livemode    boolean  not null,
    series      text     not null,
    year        integer  not null,
    last        bigint   not null check (last > 0),
    primary key (merchant_id, livemode, series, year)
);

-- Invoices, and the documents that correct them.
create table invoices (
    id                  uuid        primary key,
    merchant_id         text        not null,
    livemode            boolean     not null,
    number              text        not null,
    type_code           text        not null check (type_code in ('380', '381', '384')),
    -- What a 381 or 384 corrects.
    corrects            uuid        references invoices (id),
    check ((type_code = '380') = (corrects is null)),
    status              text        not null check (status in ('draft', 'pending', 'paid', 'refunded', 'cancelled', 'failed')),
    audience            text        not null check (audience in ('B2B', 'B2C')),
    customer_name       text        not null,
    -- The merchant's own; empty when it gave none.
    reference           text        not null default '',
    payment_reference   text        not null default '',
    issued_on           date        not null,
    due_on              date        not null,
    total_cents         bigint      not null check (total_cents >= 0),
    -- What a 381 or 384 takes off its invoice; 0 for an invoice.
    credit_cents        bigint      not null default 0 check (credit_cents >= 0),
    paid_cents          bigint      not null default 0 check (paid_cents between 0 and total_cents),
    credited_cents      bigint      not null default 0 check (credited_cents between 0 and total_cents),
    -- invoice.Document as it was issued.
    document            jsonb       not null,
    reason              text        not null default '',
    seqino_status       text        not null check (seqino_status in ('none', 'mandate_pending', 'submitting', 'submitted', 'submission_failed')),
    draft_id            text        not null default '',
    platform_invoice_id text        not null default '',
    -- The newest step (200 to 213), 0 before the first.
    lifecycle_code      integer     not null default 0,
    submitted_at        timestamptz,
    -- What the platform or the way to it had against it, in words a merchant may see.
    problem             text        not null default '',
    -- When the platform is asked for its lifecycle next; null before it has the document and once nothing more can happen.
    poll_at             timestamptz,
    polls               integer     not null default 0,
    polled_at           timestamptz,
    -- An attempt to submit may have reached the platform: set before each, cleared by a clear no.
    maybe_sent          boolean     not null default false,
    sequence            bigint      not null default 1,
    created_at          timestamptz not null,
    updated_at          timestamptz not null,
    unique (merchant_id, livemode, number)
);
create index invoices_list on invoices (merchant_id, livemode, created_at desc, id desc);
create index invoices_status on invoices (merchant_id, livemode, status, created_at desc, id desc);
create index invoices_corrects on invoices (corrects) where corrects is not null;
create index invoices_payment on invoices (payment_reference) where payment_reference <> '';
create index invoices_poll on invoices (livemode, poll_at) where poll_at is not null;
create index invoices_platform on invoices (platform_invoice_id) where platform_invoice_id <> '';
create index invoices_issued on invoices (merchant_id, livemode, issued_on);

-- What was sent to the platform, byte for byte.
create table documents (
    invoice_id uuid        primary key references invoices (id),
    xml        bytea       not null,
    pdf        bytea       not null,
    -- The platform's own Factur-X, once it gave one.
    platform_pdf bytea,
    -- When it was asked for that.
    asked_at   timestamptz,
    created_at timestamptz not null
);

-- Append-only.
create table invoice_history (
    invoice_id    uuid        not null references invoices (id),
    sequence      bigint      not null,
    -- 'created', 'submitted', 'submission_failed', 'lifecycle', 'payment', 'paid', 'cancelled', 'credited', 'refunded', …
    what          text        not null,
    status        text        not null,
    seqino_status text        not null,
    detail        text        not null default '',
    occurred_at   timestamptz not null,
    primary key (invoice_id, sequence)
);

-- The platform's words, each once.
create table lifecycle_events (
    invoice_id  uuid        not null references invoices (id),
    event_id    text        not null,
    code        integer     not null,
    emitter     text        not null default '',
    reason_code text        not null default '',
    reason      text        not null default '',
    occurred_at timestamptz not null,
    recorded_at timestamptz not null,
    primary key (invoice_id, event_id)
);

-- The merchant's references and idempotency keys of the last 24 hours.
create table idempotency (
    merchant_id  text        not null,
    livemode     boolean     not null,
    -- 'reference' or 'key'.
    kind         text        not null,
    value        text        not null,
    -- Of a key: what was asked, so that the same key with another body is refused.
    request_hash bytea,
    -- The invoice, credit note or payment that came of it.
    result       uuid        not null,
    created_at   timestamptz not null,
    primary key (merchant_id, livemode, kind, value)
);
create index idempotency_created on idempotency (created_at);

-- Money that came in for an invoice.
create table invoice_payments (
    id                uuid        primary key,
    invoice_id        uuid        not null references invoices (id),
    merchant_id       text        not null,
    livemode          boolean     not null,
    amount_cents      bigint      not null check (amount_cents > 0),
    paid_on           date        not null,
    method            text        not null check (method in ('cash', 'card', 'bank', 'terminal', 'other')),
    -- The EU Pay payment that brought it; empty when the merchant said so.
    payment_reference text        not null default '',
    created_at        timestamptz not null
);
create index invoice_payments_invoice on invoice_payments (invoice_id);
create unique index invoice_payments_reference on invoice_payments (payment_reference, invoice_id) where payment_reference <> '';

-- What was received for invoices, by what it was for: the parts of a payment add up to it, those of what was given back with a
-- credit note are below zero. What e-reports of payments and collections are made from.
create table receipt_parts (
    -- The payment or the credit note.
    source       uuid    not null,
    merchant_id  text    not null,
    livemode     boolean not null,
    invoice_id   uuid    not null references invoices (id),
    audience     text    not null check (audience in ('B2B', 'B2C')),
    received_on  date    not null,
    nature       text    not null check (nature in ('goods', 'services')),
    -- In tenths of a percent.
    rate         integer not null,
    amount_cents bigint  not null,
    -- Of services whose VAT is due with the payment: it has to be reported (article 290 A CGI).
    reportable   boolean not null,
    primary key (source, nature, rate)
);
create index receipt_parts_day on receipt_parts (merchant_id, livemode, received_on) where reportable;
create index receipt_parts_invoice on receipt_parts (invoice_id);

-- Sales to private customers, by day, category and rate; what corrects an invoice is below zero. What e-reports of sales are made
-- from.
create table sale_parts (
    -- The invoice or the document that corrects it.
    source      uuid    not null references invoices (id),
    merchant_id text    not null,
    livemode    boolean not null,
    sold_on     date    not null,
    -- TLB1, TPS1 or TNT1.
    category    text    not null,
    rate        integer not null,
    net_cents   bigint  not null,
    tax_cents   bigint  not null,
    primary key (source, category, rate)
);
create index sale_parts_day on sale_parts (merchant_id, livemode, sold_on);

-- Completed EU Pay payments of enrolled merchants, for invoices that come after them.
create table settlements (
    payment_reference text        primary key,
    merchant_id       text        not null,
    livemode          boolean     not null,
    amount_cents      bigint      not null,
    completed_at      timestamptz not null
);

-- What leaves for the platform: see internal/transmit.
create table transmissions (
    id          uuid        primary key,
    kind        text        not null check (kind in ('document', 'collection', 'report')),
    subject     uuid        not null,
    merchant_id text        not null,
    livemode    boolean     not null,
    -- 'stopped' was refused for good and may be restarted, 'dropped' is not needed any more and stays so.
    state       text        not null default 'waiting' check (state in ('waiting', 'sent', 'stopped', 'dropped')),
    -- While waiting: when it is due, or until when a worker has it.
    due_at      timestamptz,
    -- Which worker has it; null when none.
    lease       uuid,
    -- What it waits for came while a worker had it: if that worker found that it has to wait, it need not.
    resumed     boolean     not null default false,
    attempts    integer     not null default 0,
    last_error  text        not null default '',
    created_at  timestamptz not null,
    ended_at    timestamptz,
    check ((state = 'waiting') = (due_at is not null)),
    check ((state = 'waiting') = (ended_at is null)),
    unique (kind, subject)
);
create index transmissions_due on transmissions (livemode, due_at) where state = 'waiting';
-- Merchants take turns: the claim walks from one to the next.
create index transmissions_turns on transmissions (livemode, merchant_id, due_at) where state = 'waiting';

-- Sales and payments of B2C by period. version counts what changed in it, sent_version what was reported.
create table report_periods (
    id           uuid        primary key,
    merchant_id  text        not null,
    livemode     boolean     not null,
    kind         text        not null check (kind in ('sales', 'payments')),
    start_on     date        not null,
    end_on       date        not null check (end_on > start_on),
    due_on       date        not null,
    version      bigint      not null default 1,
    sent_version bigint      not null default 0,
    created_at   timestamptz not null,
    updated_at   timestamptz not null,
    unique (merchant_id, livemode, kind, start_on, end_on)
);
create index report_periods_open on report_periods (end_on) where version > sent_version;

-- Each report that was made of a period.
create table reports (
    id          uuid        primary key,
    period_id   uuid        not null references report_periods (id),
    merchant_id text        not null,
    livemode    boolean     not null,
    -- From 1. The first that is sent is the initial report, the others replace it.
    number      integer     not null,
    version     bigint      not null,
    status      text        not null default 'waiting' check (status in ('waiting', 'sent', 'failed')),
    platform_id text        not null default '',
    xml         bytea       not null,
    -- platform.SalesReport or platform.PaymentsReport without its XML.
    data        jsonb       not null,
    problem     text        not null default '',
    created_at  timestamptz not null,
    sent_at     timestamptz,
    unique (period_id, number)
);
-- The order of a period's reports is kept by having one of them on its way at a time.
create unique index reports_waiting on reports (period_id) where status = 'waiting';
create index reports_merchant on reports (merchant_id, livemode, created_at desc);
