-- +goose Up
alter table payments validate constraint payments_kind_check;
