-- +goose Up
-- The lists of deliveries and attempts are counted while they are written (internal/tally). Triggers count, so the version before is counted
-- too. The key of the counters has the type of an id, and a merchant's id here is a text: it is hashed.
--
--   deliveries              all of a merchant, by endpoint
--   deliveries.<status>     those that ended without success, by endpoint; tests are a group of their own, because they are not sent again
--   attempts                those of an endpoint, which has the merchant's place, by outcome
create index deliveries_endpoint on deliveries (endpoint_id, created_at desc, id desc);
create index attempts_failed on attempts (endpoint_id, started_at desc, delivery_id) where error <> '';

-- +goose StatementBegin
create function count_deliveries() returns trigger language plpgsql as $$
declare sign int := case tg_op when 'DELETE' then -1 else 1 end;
begin
    insert into row_count_deltas (list, merchant_id, livemode, grp, bucket, n, cents)
        select c.list, md5(merchant_id)::uuid, livemode, c.grp, date_trunc('minute', created_at, 'UTC'), sign * count(*), 0
        from affected, lateral (values
            ('deliveries', endpoint_id::text, true),
            ('deliveries.' || status, endpoint_id || case event_type when 'webhook_endpoint.test' then ' test' else '' end,
                status in ('exhausted', 'missed', 'cancelled'))) as c(list, grp, counted)
        where c.counted group by 1, 2, 3, 4, 5;
    return null;
end $$;
-- +goose StatementEnd

-- A delivery that ends without success, or that is sent again after it had. What succeeds at once changes no counter.
-- +goose StatementBegin
create function count_changed_delivery() returns trigger language plpgsql as $$
begin
    insert into row_count_deltas (list, merchant_id, livemode, grp, bucket, n, cents)
        select 'deliveries.' || status, md5(new.merchant_id)::uuid, new.livemode,
            new.endpoint_id || case event_type when 'webhook_endpoint.test' then ' test' else '' end, date_trunc('minute', new.created_at, 'UTC'), n, 0
        from (values (old.status, old.event_type, -1), (new.status, new.event_type, 1)) as c(status, event_type, n)
        where status in ('exhausted', 'missed', 'cancelled');
    return null;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create function count_attempts() returns trigger language plpgsql as $$
declare sign int := case tg_op when 'DELETE' then -1 else 1 end;
begin
    insert into row_count_deltas (list, merchant_id, livemode, grp, bucket, n, cents)
        select 'attempts', endpoint_id, false, case error when '' then 'success' else 'failure' end, date_trunc('minute', started_at, 'UTC'), sign * count(*), 0
        from affected group by 2, 4, 5;
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

lock table deliveries, attempts in share row exclusive mode;
create trigger deliveries_counted_insert after insert on deliveries referencing new table as affected for each statement execute function count_deliveries();
create trigger deliveries_counted_delete after delete on deliveries referencing old table as affected for each statement execute function count_deliveries();
create trigger deliveries_counted_change after update of status, event_type on deliveries for each row
    when ((old.status, old.event_type) <> (new.status, new.event_type) and (old.status in ('exhausted', 'missed', 'cancelled') or new.status in ('exhausted', 'missed', 'cancelled')))
    execute function count_changed_delivery();
create trigger attempts_counted_insert after insert on attempts referencing new table as affected for each statement execute function count_attempts();
create trigger attempts_counted_delete after delete on attempts referencing old table as affected for each statement execute function count_attempts();

insert into row_counts (list, merchant_id, livemode, level, bucket, grp, n, cents)
    with by_minute as (
        select c.list, md5(merchant_id)::uuid as merchant_id, livemode, c.grp, date_trunc('minute', created_at, 'UTC') as bucket, count(*) as n
        from deliveries, lateral (values
            ('deliveries', endpoint_id::text, true),
            ('deliveries.' || status, endpoint_id || case event_type when 'webhook_endpoint.test' then ' test' else '' end,
                status in ('exhausted', 'missed', 'cancelled'))) as c(list, grp, counted)
        where c.counted group by 1, 2, 3, 4, 5
        union all
        select 'attempts', endpoint_id, false, case error when '' then 'success' else 'failure' end, date_trunc('minute', started_at, 'UTC'), count(*)
        from attempts group by 2, 4, 5
    )
    select list, merchant_id, livemode, level, date_trunc(unit, bucket, 'UTC'), grp, sum(n), 0
    from by_minute, (values (0::smallint, 'month'), (1, 'day'), (2, 'hour'), (3, 'minute')) as levels(level, unit) group by 1, 2, 3, 4, 5, 6;
