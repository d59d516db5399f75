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
