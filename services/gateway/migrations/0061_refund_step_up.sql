-- +goose Up
-- Above how many cents a login's refunds of one payment want a fresh proof; null: never.
alter table merchants add column refund_step_up_above bigint default 50000 check (refund_step_up_above >= 0);
