-- +goose Up
create table outbox (
    id           bigint generated always as identity primary key,
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
create table leadership (
    job        text        primary key,
    holder     text        not null,
    epoch      bigint      not null,
    expires_at timestamptz not null
);
create table outbox_position (
    service        text        primary key,
    stream_created timestamptz not null,
    repeat_after   bigint      not null default 0,
    repeat_until   bigint      not null default 0
);
alter table outbox add column sequence bigint;
