-- +goose Up
-- A browser that wants to be told. Its URL and keys are a capability: sealed like the endpoints' secrets.
create table push_subscriptions (
    id                uuid        primary key,
    merchant_id       text        not null,
    user_id           text        not null,
    livemode          boolean     not null,
    -- SHA-256 of the URL, by which the same browser is known again.
    endpoint_hash     bytea       not null unique,
    push_service      text        not null,
    key_id            text        not null,
    -- The URL and both keys, sealed.
    sealed            bytea       not null,
    description       text        not null,
    created_at        timestamptz not null,
    last_delivered_at timestamptz
);
create index push_subscriptions_merchant on push_subscriptions (merchant_id, livemode);
create index push_subscriptions_user on push_subscriptions (merchant_id, user_id, id);

-- A message for one browser. Those that are delivered or hopeless are deleted: nobody asks for them.
create table push_messages (
    id              uuid        primary key,
    subscription_id uuid        not null references push_subscriptions (id) on delete cascade,
    event_id        uuid        not null,
    payload         bytea       not null,
    attempt_count   int         not null default 0,
    created_at      timestamptz not null,
    -- Worth nothing afterwards.
    expires_at      timestamptz not null,
    -- When a process may take it: the next attempt, or the end of a lease.
    claimable_at    timestamptz not null,
    unique (subscription_id, event_id)
);
create index push_messages_claim on push_messages (claimable_at);
