-- +goose Up
-- From where a key was used last; null: not used since this column exists.
alter table api_keys add column last_used_ip inet;
