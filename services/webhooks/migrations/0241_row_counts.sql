-- +goose Up
-- How many rows the lists have, kept while they are written (internal/tally): lists count nothing when they are read.
create table row_counts (
    list        text        not null,
    merchant_id uuid        not null,
    livemode    boolean     not null,
    level       smallint    not null check (level between 0 and 3), -- 0 month, 1 day, 2 hour, 3 minute
    bucket      timestamptz not null, -- when the month, day, hour or minute begins, UTC
    grp         text        not null,
    n           bigint      not null,
    cents       bigint      not null,
    primary key (list, merchant_id, livemode, level, bucket, grp) include (n, cents)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);
create table row_count_deltas (
    id          bigint      generated always as identity,
    list        text        not null,
    merchant_id uuid        not null,
    livemode    boolean     not null,
    grp         text        not null,
    bucket      timestamptz not null, -- the minute
    finest      smallint    not null default 3 check (finest between 0 and 3), -- the level down to which the list is counted
    n           bigint      not null,
    cents       bigint      not null,
    written_at  timestamptz not null default now(),
    primary key (list, merchant_id, livemode, id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
