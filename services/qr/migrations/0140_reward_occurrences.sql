-- +goose Up
-- The newest event of each occurrence of a subscription that was applied: an older one changes nothing. reference is the subscription, a slash and
-- the number of the occurrence, as points of it have it; sequence counts the changes of the subscription.
create table reward_occurrences (
    reference text   primary key,
    sequence  bigint not null
);
