-- +goose Up
-- account_name: the holder of the account as the bank knows it, in Latin letters; empty: name. legal_name: the name in the
-- register of companies; empty: name. address: the registered office, its lines separated by line feeds.
alter table merchants
    add column account_name text not null default '',
    add column legal_name   text not null default '',
    add column address      text not null default '';
