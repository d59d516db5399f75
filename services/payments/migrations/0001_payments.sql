-- +goose Up

-- One row per payment (PAY-…) and per refund (REF-…): a refund is a payment in the other direction and runs through the
-- same states.
create table payments (
    reference             text        primary key,
    kind                  text        not null check (kind in ('payment', 'refund')),
    original_reference    text        references payments (reference),
    merchant_id           uuid        not null,
    livemode              boolean     not null,
    amount_cents          bigint      not null check (amount_cents > 0),
    currency              text        not null,
    status                text        not null check (status in ('pending', 'pending_sca', 'completed', 'failed', 'cancelled', 'refunded')),
    status_detail         text        not null default '',
    failure_code          text        not null default '',
    sequence              bigint      not null check (sequence > 0),
    description           text        not null,
    merchant_reference    text        not null default '',
    success_url           text        not null default '',
    cancel_url            text        not null default '',
    metadata              text        not null default '',
    execution_type        text        not null check (execution_type in ('instant', 'first_open_day', 'deferred')),
    execution_date        text        not null default '',

    -- The merchant and both accounts as they were when the payment was made.
    merchant_name         text        not null,
    wait_for_settlement   boolean     not null,
    beneficiary_name      text        not null,
    beneficiary_iban      text        not null,
    beneficiary_bic       text        not null default '',
    beneficiary_kind      text        not null check (beneficiary_kind in ('corporate', 'individual')),
    beneficiary_legal     text        not null default '',
    beneficiary_siren     text        not null default '',
    payer_name            text        not null default '',
    payer_iban            text        not null default '',
    payer_bic             text        not null default '',

    -- The provider's side. requested_at: since when a request to create the payment there may have taken effect without
    -- our knowing; as long as it is set and there is no provider_payment_id, the payment is looked up, never created.
    provider_payment_id   text,
    provider_state        text        not null default '',
    payment_url           text        not null default '',
    requested_at          timestamptz,
    cancel_requested      boolean     not null default false,

    amount_refunded_cents bigint      not null default 0,
    -- Cents of refunds that are done or under way; what is left to refund is amount_cents - this.
    amount_reserved_cents bigint      not null default 0,

    -- When somebody must look at the payment again; whoever does moves it ahead first, so it is a lease too.
    due_at                timestamptz,
    quiet_polls           integer     not null default 0,
    expires_at            timestamptz not null,
    created_at            timestamptz not null,
    updated_at            timestamptz not null,
    completed_at          timestamptz,
    stalled_at            timestamptz,

    constraint refund_has_an_original check ((kind = 'refund') = (original_reference is not null)),
    -- Nothing that is not final is ever without an owner.
    constraint due_unless_final check ((due_at is null) = (status in ('completed', 'failed', 'cancelled', 'refunded'))),
    constraint completed_has_its_time check ((completed_at is not null) = (status in ('completed', 'refunded'))),
    constraint never_refunded_beyond check (0 <= amount_refunded_cents and amount_refunded_cents <= amount_reserved_cents
        and amount_reserved_cents <= amount_cents)
);

create unique index payments_provider_id on payments (provider_payment_id, livemode) where provider_payment_id is not null;
create index payments_due on payments (due_at) where due_at is not null;
create index payments_list on payments (merchant_id, livemode, created_at desc, reference desc) where kind = 'payment';
create index payments_list_status on payments (merchant_id, livemode, status, created_at desc, reference desc) where kind = 'payment';
create index payments_refunds on payments (original_reference, created_at) where kind = 'refund';

-- Append-only: what changed, why, and the provider's own words.
create table payment_history (
    reference      text        not null references payments (reference),
    sequence       bigint      not null,
    from_status    text        not null,
    to_status      text        not null,
    status_detail  text        not null default '',
    failure_code   text        not null default '',
    cause          text        not null,
    provider_state text        not null default '',
    provider_raw   text        not null default '',
    occurred_at    timestamptz not null,
    primary key (reference, sequence)
);

-- Who holds an idempotency key, and until when: a merchant's own reference for 30 minutes, an Idempotency-Key for 24 hours.
create table claims (
    merchant_id uuid        not null,
    livemode    boolean     not null,
    kind        text        not null check (kind in ('reference', 'header')),
    key         text        not null,
    reference   text        not null,
    fingerprint bytea       not null default '',
    expires_at  timestamptz not null,
    primary key (merchant_id, livemode, kind, key)
);
create index claims_expired on claims (expires_at);

create table outbox (
    id           bigint      generated always as identity primary key,
    event_id     uuid        not null,
    event_type   text        not null,
    source       text        not null,
    merchant_id  text        not null,
    livemode     boolean     not null,
    occurred_at  timestamptz not null,
    trace        text        not null default '',
    request_id   text        not null default '',
    data         bytea       not null,
    published_at timestamptz
);
create index outbox_unpublished on outbox (id) where published_at is null;
create index outbox_published on outbox (published_at) where published_at is not null;
