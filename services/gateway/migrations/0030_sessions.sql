-- +goose Up

-- A login on one device, from its first token to its end. Access tokens name it, and its row is read with the user for every request:
-- who ends it ends them. Its id is the family of its refresh tokens.
create table sessions (
    id           uuid        primary key,
    user_id      uuid        not null references users (id),
    created_at   timestamptz not null,
    last_used_at timestamptz not null, -- the login or its latest refresh
    expires_at   timestamptz not null, -- the absolute end, which no refresh moves
    proven_at    timestamptz not null, -- when the user last proved to be the user, by a password or a second factor
    user_agent   text        not null default '',
    ip           inet,
    ended_at     timestamptz
);
create index sessions_of_user on sessions (user_id, created_at desc, id desc);
create index sessions_expired on sessions (expires_at);

-- Logins of before go on.
insert into sessions (id, user_id, created_at, last_used_at, expires_at, proven_at)
select family, user_id, min(created_at), max(created_at), max(expires_at), min(created_at) from refresh_tokens group by family, user_id;
