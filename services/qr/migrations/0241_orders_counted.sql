-- +goose Up
-- The orders of a merchant are counted by status and by when they were placed, those of both modes together, as they are listed. Triggers count,
-- so the version before is counted too.

-- +goose StatementBegin
create function count_orders() returns trigger language plpgsql as $$
declare sign int := case tg_op when 'DELETE' then -1 else 1 end;
begin
    insert into row_count_deltas (list, merchant_id, livemode, grp, bucket, n, cents)
        select 'orders', merchant_id::text, false, status, date_trunc('minute', created_at, 'UTC'), sign * count(*), 0 from affected group by 2, 4, 5;
    return null;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function count_changed_order() returns trigger language plpgsql as $$
begin
    insert into row_count_deltas (list, merchant_id, livemode, grp, bucket, n, cents) values
        ('orders', old.merchant_id::text, false, old.status, date_trunc('minute', old.created_at, 'UTC'), -1, 0),
        ('orders', new.merchant_id::text, false, new.status, date_trunc('minute', new.created_at, 'UTC'), 1, 0);
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

lock table orders in share row exclusive mode;
create trigger orders_counted_insert after insert on orders referencing new table as affected for each statement execute function count_orders();
create trigger orders_counted_delete after delete on orders referencing old table as affected for each statement execute function count_orders();
create trigger orders_counted_change after update on orders for each row
    when ((old.status, old.created_at, old.merchant_id) is distinct from (new.status, new.created_at, new.merchant_id))
    execute function count_changed_order();

insert into row_counts (list, merchant_id, livemode, level, bucket, grp, n, cents)
    select 'orders', merchant_id::text, false, level, date_trunc(unit, created_at, 'UTC'), status, count(*), 0
    from orders, (values (0::smallint, 'month'), (1, 'day'), (2, 'hour'), (3, 'minute')) as levels(level, unit) group by 2, 4, 5, 6;

-- A list of one status reads no others.
create index orders_status on orders (merchant_id, status, created_at desc, id desc);
