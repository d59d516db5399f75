-- +goose Up
-- version counts the changes of a merchant; announced is the newest that an event told the other services of. Merchants of before are
-- announced once more, with all that the services need to know.
alter table merchants add column version bigint not null default 1, add column announced bigint not null default 0;
create index merchants_to_announce on merchants (id) where announced < version;
