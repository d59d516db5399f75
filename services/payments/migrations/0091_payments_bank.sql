-- +goose Up
-- The bank from which a payment is made, once it is known, and whether that bank reports the execution of such transfers.
alter table payments
    add column bank_id    uuid,
    add column settlement text not null default '' check (settlement in ('', 'tracked', 'untracked'));
