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
