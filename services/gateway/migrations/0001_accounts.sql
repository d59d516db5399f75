-- +goose Up

create table merchants (
    id                  uuid        primary key,
    name                text        not null check (name <> ''),
    legal_status        text        not null default '',
    siren               text        not null default '' check (siren ~ '^([0-9]{9})?$'),
    iban                text        not null default '' check (iban ~ '^([A-Z]{2}[0-9]{2}[A-Z0-9]{11,30})?$'),
    bic                 text        not null default '' check (bic ~ '^([A-Z0-9]{8}([A-Z0-9]{3})?)?$'),
    email               text        not null,
    gateway_enabled     boolean     not null default false,
    wait_for_settlement boolean     not null default false,
    created_at          timestamptz not null,
    updated_at          timestamptz not null
);
create index merchants_newest on merchants (created_at desc, id desc);

create table users (
    id            uuid        primary key,
    email         text        not null,
    password_hash text        not null,
    name          text        not null default '',
    role          text        not null check (role in ('merchant', 'staff', 'accountant', 'admin', 'customer')),
    merchant_id   uuid        references merchants (id),
    disabled      boolean     not null default false,
    created_at    timestamptz not null,
    -- Admins work for the platform and customers for themselves: neither may ever act for a merchant.
    constraint role_fits_merchant check ((role in ('admin', 'customer')) = (merchant_id is null))
);
create unique index users_email on users (lower(email));
create index users_of_merchant on users (merchant_id, created_at, id) where merchant_id is not null;

create table api_keys (
    id           uuid        primary key,
    merchant_id  uuid        not null references merchants (id),
    public       text        not null unique,
    livemode     boolean     not null,
    name         text        not null,
    scopes       text[]      not null,
    allowed_ips  cidr[]      not null default '{}',
    per_minute   integer     not null check (per_minute between 1 and 100000000),
    created_at   timestamptz not null,
    last_used_at timestamptz,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    constraint prefix_tells_mode check (public like case when livemode then 'pk\_live\_%' else 'pk\_test\_%' end)
);
create index api_keys_of_merchant on api_keys (merchant_id, created_at desc, id desc);

create table api_key_secrets (
    id          uuid        primary key,
    key_id      uuid        not null references api_keys (id),
    hash        text        not null,
    created_at  timestamptz not null,
    valid_until timestamptz -- null: the current secret
);
create index api_key_secrets_of_key on api_key_secrets (key_id);
create unique index api_key_secrets_current on api_key_secrets (key_id) where valid_until is null;

create table refresh_tokens (
    hash       bytea       primary key, -- SHA-256: the token is 256 random bits, so nothing slower is needed
    family     uuid        not null,    -- one login and everything refreshed from it
    user_id    uuid        not null references users (id),
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at    timestamptz -- a used token is kept until it expires: using it again betrays a theft
);
create index refresh_tokens_of_family on refresh_tokens (family);
create index refresh_tokens_of_user on refresh_tokens (user_id);
create index refresh_tokens_expired on refresh_tokens (expires_at);

create table audit_log (
    id     bigint      generated always as identity primary key,
    at     timestamptz not null,
    actor  text        not null, -- who: "user:<id>", "key:<id>" or "system:<what>"
    action text        not null, -- what: "merchant.updated", "api_key.revoked", …
    target text        not null, -- the id of what was changed
    detail jsonb       not null default '{}' -- never a credential
);
create index audit_log_of_target on audit_log (target, id);

-- +goose StatementBegin
create function audit_log_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'audit_log is append-only';
end
$$;
-- +goose StatementEnd
create trigger audit_log_no_change before update or delete or truncate on audit_log
    for each statement execute function audit_log_is_append_only();

create table outbox (
    id           bigint      generated always as identity primary key,
    event_id     uuid        not null,
    event_type   text        not null,
    source       text        not null,
    merchant_id  text        not null,
    livemode     boolean     not null,
    occurred_at  timestamptz not null,
    trace        text        not null default '',
    request_id   text        not null default '',
    data         bytea       not null,
    published_at timestamptz
);
create index outbox_unpublished on outbox (id) where published_at is null;
create index outbox_published on outbox (published_at) where published_at is not null;
