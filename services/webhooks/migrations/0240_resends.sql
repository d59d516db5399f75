-- +goose Up
-- Deliveries that are sent again by a filter, which may be a million: they are reopened in batches, and where the next batch begins is kept with
-- what the last one reopened, so that each is sent once whoever continues.
create table resends (
    id            uuid        primary key,
    merchant_id   text        not null,
    livemode      boolean     not null,
    -- What is sent again, as JSON. Only what had ended at asked_at is.
    filter        text        not null,
    asked_at      timestamptz not null,
    -- The last delivery that was considered, in the order of created_at and id; null: none yet.
    last_created  timestamptz,
    last_id       uuid,
    -- How many were reopened.
    count         bigint      not null default 0,
    touched_at    timestamptz not null,
    -- When the last one was considered.
    finished_at   timestamptz,
    -- When a caller was told that it is finished: until then, asking with the same filter continues it.
    told_at       timestamptz,
    constraint told_when_finished check (told_at is null or finished_at is not null),
    constraint position_complete check ((last_created is null) = (last_id is null))
);
create unique index resends_asked on resends (merchant_id, livemode, md5(filter)) where told_at is null;
create index resends_open on resends (touched_at) where finished_at is null;
