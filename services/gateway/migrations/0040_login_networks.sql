-- +goose Up
-- The networks (/24, in IPv6 /48) from which a user has logged in lately. Attempts from there are not counted with those of
-- strangers, so that nobody who guesses can lock the owner out.
create table login_networks (
    user_id       uuid        not null references users (id) on delete cascade,
    network       text        not null,
    last_login_at timestamptz not null,
    primary key (user_id, network)
);
create index login_networks_old on login_networks (last_login_at);
