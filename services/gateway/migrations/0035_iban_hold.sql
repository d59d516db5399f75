-- +goose Up
-- A new account of a merchant waits before money goes there: its owners are told, and any of them can stop it.
alter table merchants
    add column next_iban text not null default '',
    add column next_bic  text not null default '',
    add column next_at   timestamptz,
    add constraint next_iban_is_due check ((next_iban = '') = (next_at is null));
create index merchants_next_iban on merchants (next_at) where next_at is not null;
