-- +goose Up
-- The merchants that admins list are counted by when they were made. They are those of the platform, which is the merchant ''. Triggers count, so
-- the version before is counted too.

-- +goose StatementBegin
create function count_merchants() returns trigger language plpgsql as $$
declare sign int := case tg_op when 'DELETE' then -1 else 1 end;
begin
    insert into row_count_deltas (list, merchant_id, livemode, grp, bucket, n, cents)
        select 'merchants', '', false, '', date_trunc('minute', created_at, 'UTC'), sign * count(*), 0 from affected where not pending group by 5;
    return null;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function count_changed_merchant() returns trigger language plpgsql as $$
begin
    insert into row_count_deltas (list, merchant_id, livemode, grp, bucket, n, cents)
        select 'merchants', '', false, '', date_trunc('minute', created_at, 'UTC'), n, 0
        from (values (old.pending, old.created_at, -1), (new.pending, new.created_at, 1)) as c(pending, created_at, n) where not pending;
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

lock table merchants in share row exclusive mode;
create trigger merchants_counted_insert after insert on merchants referencing new table as affected for each statement execute function count_merchants();
create trigger merchants_counted_delete after delete on merchants referencing old table as affected for each statement execute function count_merchants();
create trigger merchants_counted_change after update on merchants for each row
    when ((old.pending, old.created_at) is distinct from (new.pending, new.created_at)) execute function count_changed_merchant();

insert into row_counts (list, merchant_id, livemode, level, bucket, grp, n, cents)
    select 'merchants', '', false, level, date_trunc(unit, created_at, 'UTC'), '', count(*), 0
    from merchants, (values (0::smallint, 'month'), (1, 'day'), (2, 'hour'), (3, 'minute')) as levels(level, unit) where not pending group by 4, 5;
