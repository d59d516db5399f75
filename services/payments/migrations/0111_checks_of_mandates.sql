-- +goose Up
alter table payments
    validate constraint payments_kind_check,
    validate constraint payments_execution_type_check,
    validate constraint mandates_are_periodic,
    validate constraint mandates_are_of_their_subscription;
