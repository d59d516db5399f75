-- +goose Up
create table things (
    id          bigint      primary key,
    merchant_id uuid        not null,
    livemode    boolean     not null,
    status      text        not null,
    cents       bigint      not null,
    created_at  timestamptz not null
);
create index things_list on things (merchant_id, livemode, created_at desc, id desc);
insert into things select n, '11111111-1111-4111-8111-111111111111', false, 'old', n, '2026-06-01T00:00:00Z'::timestamptz + n * interval '7 hours' from generate_series(-100, -1) n;

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

-- Counts the rows of a statement that inserts or deletes.
-- +goose StatementBegin
create function count_things() returns trigger language plpgsql as $$
declare sign int := case tg_op when 'DELETE' then -1 else 1 end;
begin
    insert into row_count_deltas (list, merchant_id, livemode, grp, bucket, n, cents)
        select 'things', merchant_id, livemode, status, date_trunc('minute', created_at, 'UTC'), sign * count(*), sign * sum(cents) from affected group by 2, 3, 4, 5;
    return null;
end $$;
-- +goose StatementEnd
-- Counts a change: what the row was is taken away, what it is is added.
-- +goose StatementBegin
create function count_changed_thing() returns trigger language plpgsql as $$
begin
    insert into row_count_deltas (list, merchant_id, livemode, grp, bucket, n, cents) values
        ('things', old.merchant_id, old.livemode, old.status, date_trunc('minute', old.created_at, 'UTC'), -1, -old.cents),
        ('things', new.merchant_id, new.livemode, new.status, date_trunc('minute', new.created_at, 'UTC'), 1, new.cents);
    return null;
end $$;
-- +goose StatementEnd

-- The functions name the schema of their tables: whoever writes, with whatever search_path, is counted.
-- +goose StatementBegin
do $$ begin
    execute (select string_agg(replace(pg_get_functiondef(oid), ' into row_count_deltas', format(' into %I.row_count_deltas', current_schema())), ';')
        from pg_proc where pronamespace = current_schema()::regnamespace and prosrc like '% into row_count_deltas%');
end $$;
-- +goose StatementEnd

lock table things in share row exclusive mode;
create trigger things_counted_insert after insert on things referencing new table as affected for each statement execute function count_things();
create trigger things_counted_delete after delete on things referencing old table as affected for each statement execute function count_things();
create trigger things_counted_change after update on things for each row
    when ((old.merchant_id, old.livemode, old.status, old.cents, old.created_at) is distinct from (new.merchant_id, new.livemode, new.status, new.cents, new.created_at))
    execute function count_changed_thing();
insert into row_counts (list, merchant_id, livemode, level, bucket, grp, n, cents)
    select 'things', merchant_id, livemode, level, date_trunc(unit, created_at, 'UTC'), status, count(*), sum(cents)
    from things, (values (0::smallint, 'month'), (1, 'day'), (2, 'hour'), (3, 'minute')) as levels(level, unit) group by 2, 3, 4, 5, 6;
