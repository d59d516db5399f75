-- +goose Up
create table leadership (
    job        text        primary key,
    holder     text        not null,
    epoch      bigint      not null,
    expires_at timestamptz not null
);
