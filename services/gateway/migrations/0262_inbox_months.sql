-- +goose Up
-- What there is becomes the months up to the limit; nothing is read or copied, because the limit is proven.
set local timezone = 'UTC';
-- +goose StatementBegin
do $$
declare
    bound text := obj_description((select oid from pg_constraint where conname = 'inbox_month' and conrelid = 'inbox'::regclass));
    first text := 'inbox_before_' || bound;
begin
    execute format('alter table inbox rename to %I', first);
    execute format('alter table %I rename constraint inbox_pkey to %I', first, first || '_pkey');
    execute format('alter index inbox_received rename to %I', first || '_received');
    create table inbox (
        consumer    text        not null,
        event_id    uuid        not null,
        received_at timestamptz not null default now(),
        primary key (consumer, event_id)
    ) partition by range (event_id);
    create index inbox_received on inbox (received_at);
    execute format('alter table inbox attach partition %I for values from (minvalue) to (%L)', first, id_floor(to_timestamp(bound, 'YYYYMM')));
    execute format('alter table %I drop constraint inbox_month', first);
    alter table inbox attach partition inbox_rest default;
end $$;
-- +goose StatementEnd

-- What follows is for whoever keeps the months (package months). A service may not change its schema (decision 31), and these functions change no more
-- of it than the months of a table that has months.

-- The months of a table and when they end. The table before the first month has the name of the month that it ends with.
-- +goose StatementBegin
create function months_of(parent text) returns table (part text, ends timestamptz) language sql stable
    set search_path from current set timezone = 'UTC' as $$
    select c.relname::text, to_timestamp(right(c.relname, 6), 'YYYYMM') + case when c.relname like '%\_before\_%' then interval '0' else interval '1 month' end
        from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = quote_ident(parent)::regclass and c.relname ~ '_[0-9]{6}$'
$$;
-- +goose StatementEnd
-- +goose StatementBegin
create function months_until(parent text) returns timestamptz language sql stable set search_path from current as $$
    select max(ends) from months_of(parent)
$$;
-- +goose StatementEnd

-- Makes the months up to that of a time, and returns how many it made. Rows that came while their month was missing move there from the rest.
-- +goose StatementBegin
create function make_months(parent text, until timestamptz) returns integer language plpgsql security definer
    set search_path from current set lock_timeout = '500ms' set timezone = 'UTC' as $$
declare
    key text := (select a.attname from pg_partitioned_table p join pg_attribute a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0]
        where p.partrelid = to_regclass(quote_ident(parent)));
    month timestamptz;
    part text;
    made integer := 0;
begin
    if key is null then
        raise exception '% has no months', parent;
    end if;
    if months_until(parent) > until then
        return 0;
    end if;
    -- One at a time makes months, and nobody adds to the rest meanwhile.
    execute format('lock table only %I in share update exclusive mode', parent);
    execute format('lock table %I in access exclusive mode', parent || '_rest');
    loop
        month := months_until(parent);
        exit when month > until;
        part := parent || '_' || to_char(month, 'YYYYMM');
        execute format('create table %I (like %I including all)', part, parent);
        execute format('with moved as (delete from %I where %I >= id_floor(%L) and %I < id_floor(%L) returning *) insert into %I select * from moved',
            parent || '_rest', key, month, key, month + interval '1 month', part);
        execute format('alter table %I attach partition %I for values from (%L) to (%L)', parent, part, id_floor(month), id_floor(month + interval '1 month'));
        made := made + 1;
    end loop;
    return made;
end $$;
-- +goose StatementEnd

-- Drops the months that ended before a time and have no row whose column stamp is of that time or later, and returns their names. The last month stays:
-- the next begins where it ends.
-- +goose StatementBegin
create function drop_months(parent text, stamp text, before timestamptz) returns setof text language plpgsql security definer
    set search_path from current set lock_timeout = '500ms' set timezone = 'UTC' as $$
declare
    month text;
    used boolean;
begin
    for month in select part from months_of(parent) where ends <= before and ends < months_until(parent) order by ends loop
        -- Looked at before the lock, so that a month that has to stay costs nobody anything, and once more when nobody can write.
        execute format('select exists (select from %I where %I >= %L)', month, stamp, before) into used;
        continue when used;
        execute format('lock table only %I in access exclusive mode', parent);
        execute format('select exists (select from %I where %I >= %L)', month, stamp, before) into used;
        continue when used;
        execute format('drop table %I', month);
        return next month;
    end loop;
end $$;
-- +goose StatementEnd
