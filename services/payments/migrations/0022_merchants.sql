-- +goose Up
-- What payments knows of the merchants, from the events of the service that owns them: who is paid, and whether money may move.
create table merchants (
    id                  text        primary key,
    version             bigint      not null check (version > 0),
    name                text        not null,
    iban                text        not null,
    bic                 text        not null,
    account_name        text        not null,
    legal_name          text        not null,
    legal_status        text        not null,
    siren               text        not null,
    address             text        not null,
    wait_for_settlement boolean     not null,
    gateway_enabled     boolean     not null,
    live_enabled        boolean     not null,
    epc_enabled         boolean     not null,
    changed_at          timestamptz not null
);

create table inbox (
    consumer    text        not null,
    event_id    uuid        not null,
    received_at timestamptz not null default now(),
    primary key (consumer, event_id)
);
create index inbox_received on inbox (received_at);

create table consumer_position (
    consumer      text        primary key,
    floor_at      timestamptz,
    last_sequence bigint      not null default 0,
    last_at       timestamptz
);
