-- +goose Up
create table letters (
    id       uuid        primary key,
    address  text        not null,
    due_at   timestamptz,
    attempts int         not null default 0
);
create index letters_due on letters (due_at) where due_at is not null;

create table claims (
    merchant_id text        not null,
    livemode    boolean     not null,
    kind        text        not null,
    key         text        not null,
    reference   text        not null,
    fingerprint bytea       not null default '',
    expires_at  timestamptz not null,
    primary key (merchant_id, livemode, kind, key)
);
