-- +goose Up

-- Who a customer is at the provider. The token opens their accounts there for good, so it is sealed.
create table bank_users (
    customer_id   uuid        not null,
    livemode      boolean     not null,
    provider_user text        not null,
    token_key_id  text        not null,
    token_sealed  bytea       not null,
    created_at    timestamptz not null,
    primary key (customer_id, livemode)
);

-- One visit to the provider's page, which the signed state names. It links one connection, once.
create table bank_visits (
    id            uuid        primary key,
    customer_id   uuid        not null,
    livemode      boolean     not null,
    return_url    text        not null,
    expires_at    timestamptz not null,
    used_at       timestamptz,
    connection_id text        not null default '',
    constraint used_before_linked check (connection_id = '' or used_at is not null)
);
create index bank_visits_expired on bank_visits (expires_at);

create table bank_accounts (
    id                  uuid        primary key,
    customer_id         uuid        not null,
    livemode            boolean     not null,
    provider_account_id text        not null,
    connection_id       text        not null,
    bank_name           text        not null,
    name                text        not null,
    currency            text        not null,
    iban_masked         text        not null,
    iban_key_id         text        not null,
    iban_sealed         bytea       not null,
    -- A keyed hash: finds the same account of a second connection without opening it.
    iban_fingerprint    bytea       not null,
    -- removing: gone for the customer, its consent is being taken back at the provider. Then the row goes.
    state               text        not null check (state in ('linked', 'removing')),
    due_at              timestamptz,
    linked_at           timestamptz not null,
    constraint removing_is_due check ((state = 'removing') = (due_at is not null)),
    foreign key (customer_id, livemode) references bank_users (customer_id, livemode)
);
create unique index bank_accounts_once on bank_accounts (customer_id, livemode, iban_fingerprint) where state = 'linked';
create index bank_accounts_of_connection on bank_accounts (customer_id, livemode, connection_id);
create index bank_accounts_due on bank_accounts (due_at) where state = 'removing';
