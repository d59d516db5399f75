-- +goose Up
-- ending: the person's data is erased. The row goes with the person's last bank account, whose consent is taken back at the provider first.
alter table bank_users add column ending boolean not null default false;
