-- +goose Up
alter table payments validate constraint payment_is_sound;
