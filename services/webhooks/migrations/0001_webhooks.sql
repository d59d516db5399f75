-- +goose Up
create table inbox (
    consumer    text        not null,
    event_id    uuid        not null,
    received_at timestamptz not null default now(),
    primary key (consumer, event_id)
);
create index inbox_received on inbox (received_at);

create table endpoints (
    id              uuid        primary key,
    merchant_id     text        not null,
    livemode        boolean     not null,
    url             text        not null,
    description     text        not null,
    -- Empty: the three documented events. '*': all.
    event_types     text[]      not null,
    enabled         boolean     not null,
    disabled_reason text        not null default '',
    -- The secret, sealed; null once deleted.
    key_id          text,
    secret          bytea,
    -- The secret before the last rotation, which signs too until old_until.
    old_key_id      text,
    old_secret      bytea,
    old_until       timestamptz,
    created_at      timestamptz not null,
    updated_at      timestamptz not null,
    -- A deleted endpoint stays as the owner of its deliveries.
    deleted_at      timestamptz,
    constraint secret_unless_deleted check ((secret is null) = (deleted_at is not null)),
    constraint old_secret_complete check ((old_secret is null) = (old_until is null))
);
create index endpoints_merchant on endpoints (merchant_id, livemode) where deleted_at is null;

-- One event for one endpoint. Of the open deliveries of one payment at one endpoint (a lane) one is pending, the others
-- wait for it.
create table deliveries (
    id              uuid        primary key,
    endpoint_id     uuid        not null,
    merchant_id     text        not null,
    livemode        boolean     not null,
    event_id        uuid        not null,
    event_type      text        not null,
    reference       text        not null,
    sequence        bigint      not null,
    body            bytea       not null,
    status          text        not null check (status in ('waiting', 'pending', 'delivered', 'exhausted', 'cancelled')),
    attempt_count   int         not null default 0,
    created_at      timestamptz not null,
    -- When the next attempt is due.
    next_attempt_at timestamptz not null,
    -- When a process may take it: next_attempt_at, or the end of the lease that lease_owner has.
    claimable_at    timestamptz not null,
    lease_owner     uuid,
    finished_at     timestamptz,
    constraint finished_iff_final check ((finished_at is null) = (status in ('waiting', 'pending'))),
    constraint lease_only_pending check (lease_owner is null or status = 'pending')
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1);
create unique index deliveries_once on deliveries (endpoint_id, event_id, event_type);
create index deliveries_lane on deliveries (endpoint_id, reference, sequence, event_id) where status in ('waiting', 'pending');
create index deliveries_claim on deliveries (endpoint_id, claimable_at) where status = 'pending';
create index deliveries_list on deliveries (merchant_id, livemode, id);
create index deliveries_failed on deliveries (merchant_id, livemode, status, id) where status in ('exhausted', 'cancelled');
create index deliveries_reference on deliveries (reference);

create table attempts (
    delivery_id     uuid        not null,
    number          int         not null,
    started_at      timestamptz not null,
    duration_micros bigint      not null,
    -- 0: no answer came.
    response_status int         not null,
    response_body   bytea       not null,
    -- One of our words; empty on success.
    error           text        not null,
    primary key (delivery_id, number)
);
