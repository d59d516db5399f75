-- +goose Up
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
