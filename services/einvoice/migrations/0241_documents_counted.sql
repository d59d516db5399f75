-- +goose Up
-- Invoices, received invoices and the days of tills are counted as they are listed, and so are payments that are in no report, with their
-- amounts. Triggers count, so the version before is counted too.

-- +goose StatementBegin
create function count_invoices() returns trigger language plpgsql as $$
declare sign int := case tg_op when 'DELETE' then -1 else 1 end;
begin
    insert into row_count_deltas (list, merchant_id, livemode, grp, bucket, n, cents)
        select 'invoices', merchant_id, livemode, status, date_trunc('minute', created_at, 'UTC'), sign * count(*), 0
        from affected where corrects is null group by 2, 3, 4, 5;
    return null;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function count_changed_invoice() returns trigger language plpgsql as $$
begin
    insert into row_count_deltas (list, merchant_id, livemode, grp, bucket, n, cents) values
        ('invoices', old.merchant_id, old.livemode, old.status, date_trunc('minute', old.created_at, 'UTC'), -1, 0),
        ('invoices', new.merchant_id, new.livemode, new.status, date_trunc('minute', new.created_at, 'UTC'), 1, 0);
    return null;
end $$;
-- +goose StatementEnd

-- A received invoice is listed once it was fetched.
-- +goose StatementBegin
create function count_received_invoices() returns trigger language plpgsql as $$
declare sign int := case tg_op when 'DELETE' then -1 else 1 end;
begin
    insert into row_count_deltas (list, merchant_id, livemode, grp, bucket, n, cents)
        select 'received_invoices', merchant_id, livemode, status, date_trunc('minute', created_at, 'UTC'), sign * count(*), 0
        from affected where fetch_at is null group by 2, 3, 4, 5;
    return null;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function count_changed_received_invoice() returns trigger language plpgsql as $$
begin
    insert into row_count_deltas (list, merchant_id, livemode, grp, bucket, n, cents)
        select 'received_invoices', merchant_id, livemode, status, date_trunc('minute', created_at, 'UTC'), n, 0 from (values
            (old.merchant_id, old.livemode, old.status, old.created_at, old.fetch_at, -1),
            (new.merchant_id, new.livemode, new.status, new.created_at, new.fetch_at, 1)) as c(merchant_id, livemode, status, created_at, fetch_at, n)
        where fetch_at is null;
    return null;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create function count_till_sales() returns trigger language plpgsql as $$
declare sign int := case tg_op when 'DELETE' then -1 else 1 end;
begin
    insert into row_count_deltas (list, merchant_id, livemode, grp, bucket, n, cents)
        select 'till_sales', merchant_id, livemode, '', sold_on::timestamp at time zone 'UTC', sign * count(*), 0 from affected group by 2, 3, 5;
    return null;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create function count_unreported_sales() returns trigger language plpgsql as $$
declare sign int := case tg_op when 'DELETE' then -1 else 1 end;
begin
    insert into row_count_deltas (list, merchant_id, livemode, grp, bucket, n, cents)
        select 'unreported_sales', merchant_id, livemode, '', sold_on::timestamp at time zone 'UTC', sign * count(*), sign * sum(amount_cents)
        from affected where unknown group by 2, 3, 5;
    return null;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function count_changed_sale() returns trigger language plpgsql as $$
begin
    insert into row_count_deltas (list, merchant_id, livemode, grp, bucket, n, cents)
        select 'unreported_sales', merchant_id, livemode, '', sold_on::timestamp at time zone 'UTC', n, n * amount_cents from (values
            (old.merchant_id, old.livemode, old.sold_on, old.amount_cents, old.unknown, -1),
            (new.merchant_id, new.livemode, new.sold_on, new.amount_cents, new.unknown, 1)) as c(merchant_id, livemode, sold_on, amount_cents, unknown, n)
        where unknown;
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

lock table invoices, received_invoices, till_sales, consumer_sales in share row exclusive mode;
create trigger invoices_counted_insert after insert on invoices referencing new table as affected for each statement execute function count_invoices();
create trigger invoices_counted_change after update on invoices for each row
    when (new.corrects is null and old.status <> new.status) execute function count_changed_invoice();
create trigger received_counted_insert after insert on received_invoices referencing new table as affected
    for each statement execute function count_received_invoices();
create trigger received_counted_delete after delete on received_invoices referencing old table as affected
    for each statement execute function count_received_invoices();
create trigger received_counted_change after update on received_invoices for each row
    when ((old.fetch_at is null, old.status, old.created_at) is distinct from (new.fetch_at is null, new.status, new.created_at))
    execute function count_changed_received_invoice();
create trigger till_sales_counted_insert after insert on till_sales referencing new table as affected for each statement execute function count_till_sales();
create trigger till_sales_counted_delete after delete on till_sales referencing old table as affected for each statement execute function count_till_sales();
create trigger sales_counted_insert after insert on consumer_sales referencing new table as affected
    for each statement execute function count_unreported_sales();
create trigger sales_counted_delete after delete on consumer_sales referencing old table as affected
    for each statement execute function count_unreported_sales();
create trigger sales_counted_change after update on consumer_sales for each row
    when ((old.unknown, old.sold_on, old.amount_cents) is distinct from (new.unknown, new.sold_on, new.amount_cents))
    execute function count_changed_sale();

insert into row_counts (list, merchant_id, livemode, level, bucket, grp, n, cents)
    select list, merchant_id, livemode, level, date_trunc(unit, at, 'UTC'), grp, count(*), sum(cents)
    from (select 'invoices' as list, merchant_id, livemode, status as grp, created_at as at, 0::bigint as cents from invoices where corrects is null
            union all select 'received_invoices', merchant_id, livemode, status, created_at, 0 from received_invoices where fetch_at is null
            union all select 'till_sales', merchant_id, livemode, '', sold_on::timestamp at time zone 'UTC', 0 from till_sales
            union all select 'unreported_sales', merchant_id, livemode, '', sold_on::timestamp at time zone 'UTC', amount_cents from consumer_sales where unknown) rows,
        (values (0::smallint, 'month'), (1, 'day'), (2, 'hour'), (3, 'minute')) as levels(level, unit) group by 1, 2, 3, 4, 5, 6;

-- A page of the days of tills, which are listed with the newest day first and the tills of a day by their names.
create index till_sales_list on till_sales (merchant_id, livemode, sold_on desc, till);
