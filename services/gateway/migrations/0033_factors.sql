-- +goose Up

-- The second factor of a user: a secret that an authenticator app shares (TOTP, RFC 6238).
create table factors (
    user_id      uuid        primary key references users (id) on delete cascade,
    key_id       text        not null, -- what sealed the secret
    secret       bytea       not null, -- sealed
    created_at   timestamptz not null,
    confirmed_at timestamptz, -- null: being set up, and not asked for yet
    last_step    bigint      not null default 0 -- of the newest code that was accepted: none counts twice, and no older one
);

-- What stands in for the app when it is lost, by SHA-256: each is 80 random bits. Used ones are deleted.
create table recovery_codes (
    user_id    uuid        not null references users (id) on delete cascade,
    hash       bytea       not null,
    created_at timestamptz not null,
    primary key (user_id, hash)
);

-- A login whose password was right and whose second factor is missing, by the SHA-256 of its ticket.
create table login_tickets (
    hash       bytea       primary key,
    user_id    uuid        not null references users (id) on delete cascade,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    attempts   integer     not null default 0
);
create index login_tickets_expired on login_tickets (expires_at);
