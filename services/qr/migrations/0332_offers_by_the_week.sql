-- +goose Up

-- When an offer counts in each week, in Paris. '{}' and '': always.
alter table offers add column weekdays text[] not null default '{}', add column from_time text not null default '', add column until_time text not null default '';
