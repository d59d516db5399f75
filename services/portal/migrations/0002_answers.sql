-- +goose Up

-- What a form that creates something was answered, so that sending it twice creates one thing. The id is a hash of the form's token and its
-- path. An answer may show a secret, so it is sealed; null: the first request is under way.
create table answers (
    session    bytea       not null references sessions (id) on delete cascade,
    id         bytea       not null check (octet_length(id) = 32),
    claimed_at timestamptz not null,
    key_id     text        not null default '',
    sealed     bytea,
    primary key (session, id)
);
create index answers_old on answers (claimed_at);
