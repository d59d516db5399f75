-- +goose Up
-- A person may be a member of several merchants' programs.
create index reward_members_name on reward_members (kind, subject) where subject <> '';
