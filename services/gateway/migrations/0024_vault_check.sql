-- +goose Up
-- A known text, sealed: tells at start whether the keys are those that sealed what is here.
create table vault_check (
    vault  text  primary key,
    key_id text  not null,
    sealed bytea not null
);
