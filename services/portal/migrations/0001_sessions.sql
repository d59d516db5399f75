-- +goose Up
-- A session is one browser that is logged in. The browser's cookie holds a random value; here is only its hash, so that nobody who reads
-- this table can be that browser. The login tokens of the API are sealed.
create table sessions (
    id            bytea primary key check (octet_length(id) = 32),
    user_id       uuid        not null,
    email         text        not null,
    name          text        not null,
    role          text        not null,
    merchant_id   text        not null,
    livemode      boolean     not null default false,
    key_id        text        not null,
    sealed        bytea       not null,
    token_expires timestamptz not null,
    created_at    timestamptz not null,
    expires_at    timestamptz not null
);
create index sessions_expired on sessions (expires_at);
