-- +goose Up

-- Passkeys of users (WebAuthn): public keys alone, whose private halves never leave the users' devices.
create table passkeys (
    id              uuid        primary key,
    user_id         uuid        not null references users (id) on delete cascade,
    credential_id   bytea       not null unique check (length(credential_id) between 1 and 1023),
    public_key      bytea       not null, -- COSE (RFC 9052)
    sign_count      bigint      not null check (sign_count between 0 and 4294967295),
    transports      text[]      not null,
    aaguid          uuid        not null, -- the model of the authenticator; zeros where it does not say
    backup_eligible boolean     not null,
    backed_up       boolean     not null,
    name            text        not null,
    created_at      timestamptz not null,
    last_used_at    timestamptz
);
create index passkeys_of_user on passkeys (user_id, created_at);

-- What a device was asked to sign, by the SHA-256 of the challenge. It is deleted by the first answer.
create table passkey_challenges (
    hash       bytea       primary key,
    purpose    text        not null check (purpose in ('register', 'login', 'ticket', 'step_up')),
    user_id    uuid        references users (id) on delete cascade, -- null: whose passkey it is, the answer says
    bound_to   text        not null, -- the session, or the hash of the ticket; empty for neither
    ceremony   jsonb       not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    check ((purpose = 'login') = (user_id is null)),
    check ((purpose = 'login') = (bound_to = ''))
);
create index passkey_challenges_expired on passkey_challenges (expires_at);
create index passkey_challenges_bound on passkey_challenges (bound_to) where bound_to <> '';
