-- +goose Up

-- What an admin lets a merchant do per minute: null is what every merchant may do. reads and writes are those of all its logins together,
-- key_calls the most of each of its API keys, whatever limit the key has.
alter table merchants
    add column reads_per_minute     integer check (reads_per_minute between 1 and 100000000),
    add column writes_per_minute    integer check (writes_per_minute between 1 and 100000000),
    add column key_calls_per_minute integer check (key_calls_per_minute between 1 and 100000000);

-- The search of admins: words of names, and beginnings of addresses and of public keys.
create index merchants_names on merchants using gin (to_tsvector('simple', name || ' ' || legal_name));
create index merchants_addresses on merchants (lower(email) collate "C");
create index merchants_sirens on merchants (siren) where siren <> '';
create index users_addresses on users (lower(email) collate "C") where merchant_id is not null;
create index api_keys_public on api_keys (public collate "C");
