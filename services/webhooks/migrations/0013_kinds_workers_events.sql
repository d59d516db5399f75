-- +goose Up
-- A breaker for each type of event at each endpoint, so that one that fails holds back nothing but itself. No row: the
-- last attempt of that type succeeded. endpoint_health counts for the endpoint as a whole; its columns tripped and trips
-- are not used any more, and its paused_until is what the endpoint asked for (Retry-After).
create table breakers (
    endpoint_id   uuid        not null,
    event_type    text        not null,
    failing_since timestamptz not null,
    failures      int         not null,
    last_error    text        not null,
    -- Open, or half open once paused_until is over; trips counts its openings without a success.
    tripped       boolean     not null,
    trips         int         not null,
    paused_until  timestamptz,
    primary key (endpoint_id, event_type),
    constraint tripped_is_paused check (not tripped or paused_until is not null)
);

-- What is due, by endpoint, type and whether it was tried in this round: each of these queues is claimed by itself.
create index deliveries_due on deliveries (endpoint_id, event_type, ((attempt_count > attempts_before)::int), claimable_at)
    where status = 'pending';
drop index deliveries_claim;

-- The processes that attempt deliveries. One that has not been seen for some seconds is dead: its leases are given to others.
create table workers (
    id      uuid        primary key,
    seen_at timestamptz not null
);

-- When the merchant was last told that the endpoint fails.
alter table endpoints add column warned_at timestamptz;

-- Each event once, whether or not an endpoint asked for it.
create table events (
    id                 uuid        primary key,
    merchant_id        text        not null,
    livemode           boolean     not null,
    event_type         text        not null,
    reference          text        not null,
    -- The merchant's own reference of the payment, if the event is about one.
    merchant_reference text,
    sequence           bigint      not null,
    -- The webhook's body under the event's own type.
    body               bytea       not null,
    -- When it happened.
    created_at         timestamptz not null
);
create index events_list on events (merchant_id, livemode, created_at desc, id desc);
create index events_reference on events (merchant_id, livemode, reference);
create index events_merchant_reference on events (merchant_id, livemode, merchant_reference) where merchant_reference is not null;
