-- +goose Up
create table inbox (
    consumer    text        not null,
    event_id    uuid        not null,
    received_at timestamptz not null default now(),
    primary key (consumer, event_id)
);
create index inbox_received on inbox (received_at);
create table effects (
    id       bigint generated always as identity primary key,
    event_id uuid not null
);
create table leadership (
    job        text        primary key,
    holder     text        not null,
    epoch      bigint      not null,
    expires_at timestamptz not null
);
create table consumer_position (
    consumer      text        primary key,
    floor_at      timestamptz,
    last_sequence bigint      not null default 0,
    last_at       timestamptz
);
