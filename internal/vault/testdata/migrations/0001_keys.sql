-- +goose Up
create table vault_check (
    vault  text  primary key,
    key_id text  not null,
    sealed bytea not null
);
create table secrets (key_id text not null);
