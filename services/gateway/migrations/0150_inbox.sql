-- +goose Up

-- Events of other services that were applied here.
create table inbox (
    consumer    text        not null,
    event_id    uuid        not null,
    received_at timestamptz not null default now(),
    primary key (consumer, event_id)
);
create index inbox_received on inbox (received_at);

-- How far each consumer has come in the stream, for when the broker has lost that.
create table consumer_position (
    consumer      text        primary key,
    floor_at      timestamptz,
    last_sequence bigint      not null default 0,
    last_at       timestamptz
);
