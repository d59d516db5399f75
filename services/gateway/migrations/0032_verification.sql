-- +goose Up

-- unverified_since: when somebody gave an address that is not known to be theirs yet; null: it is, or nobody asked. An address is taken
-- by one verified user. Unverified ones take nothing, so there may be several of one address: whoever shows a code that was mailed to it
-- gets it, and the others are gone.
alter table users add column unverified_since timestamptz;
drop index users_email;
create unique index users_email on users (lower(email)) where unverified_since is null;
create index users_unverified on users (lower(email), created_at desc) where unverified_since is not null;
create index users_unverified_since on users (unverified_since) where unverified_since is not null;

-- pending: nobody of the merchant has a verified address yet. Nobody is told of it.
alter table merchants add column pending boolean not null default false;
