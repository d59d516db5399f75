-- +goose Up
-- The payments that a merchant sees are counted by when they were created, in three lists: payments, by status; payments.paid, those that were
-- paid, by the payer's bank; payments.refunded, what was given back of them, in cents only. The last two are counted down to the hour.
-- Triggers count, so the version before is counted too. Each does the least that it can: they cost 10 to 20 µs of the transaction.

-- +goose StatementBegin
create function count_payments() returns trigger language plpgsql as $$
declare sign int := case tg_op when 'DELETE' then -1 else 1 end;
begin
    insert into row_count_deltas (list, merchant_id, livemode, grp, bucket, finest, n, cents)
        select c.list, merchant_id, livemode, c.grp, date_trunc('minute', created_at, 'UTC'), c.finest, sign * sum(c.n), sign * sum(c.cents)
        from affected, lateral (values
            ('payments', status, 3, 1, amount_cents),
            ('payments.paid', left(payer_bic, 8), 2, (completed_at is not null)::int, case when completed_at is not null then amount_cents else 0 end),
            ('payments.refunded', '', 2, 0, amount_refunded_cents)) as c(list, grp, finest, n, cents)
        where kind = 'payment' and origin <> 'scan' and (c.n <> 0 or c.cents <> 0) group by 1, 2, 3, 4, 5, 6;
    return null;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function count_changed_payment() returns trigger language plpgsql as $$
begin
    if new.kind <> 'payment' or new.origin = 'scan' then
        return null;
    end if;
    if (old.status, old.amount_cents, old.created_at) <> (new.status, new.amount_cents, new.created_at) then
        insert into row_count_deltas (list, merchant_id, livemode, grp, bucket, n, cents) values
            ('payments', old.merchant_id, old.livemode, old.status, date_trunc('minute', old.created_at, 'UTC'), -1, -old.amount_cents),
            ('payments', new.merchant_id, new.livemode, new.status, date_trunc('minute', new.created_at, 'UTC'), 1, new.amount_cents);
    end if;
    if (old.completed_at is null) <> (new.completed_at is null)
        or new.completed_at is not null and (old.payer_bic, old.amount_cents, old.created_at) <> (new.payer_bic, new.amount_cents, new.created_at) then
        if old.completed_at is not null then
            insert into row_count_deltas (list, merchant_id, livemode, grp, bucket, finest, n, cents)
                values ('payments.paid', old.merchant_id, old.livemode, left(old.payer_bic, 8), date_trunc('minute', old.created_at, 'UTC'), 2, -1, -old.amount_cents);
        end if;
        if new.completed_at is not null then
            insert into row_count_deltas (list, merchant_id, livemode, grp, bucket, finest, n, cents)
                values ('payments.paid', new.merchant_id, new.livemode, left(new.payer_bic, 8), date_trunc('minute', new.created_at, 'UTC'), 2, 1, new.amount_cents);
        end if;
    end if;
    if old.amount_refunded_cents <> new.amount_refunded_cents or new.amount_refunded_cents > 0 and old.created_at <> new.created_at then
        insert into row_count_deltas (list, merchant_id, livemode, grp, bucket, finest, n, cents) values
            ('payments.refunded', old.merchant_id, old.livemode, '', date_trunc('minute', old.created_at, 'UTC'), 2, 0, -old.amount_refunded_cents),
            ('payments.refunded', new.merchant_id, new.livemode, '', date_trunc('minute', new.created_at, 'UTC'), 2, 0, new.amount_refunded_cents);
    end if;
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

lock table payments in share row exclusive mode;

create trigger payments_counted_insert after insert on payments referencing new table as affected for each statement execute function count_payments();
create trigger payments_counted_delete after delete on payments referencing old table as affected for each statement execute function count_payments();
-- Without a condition, which PostgreSQL would parse in every statement that writes a payment.
create trigger payments_counted_change after update of status, amount_cents, created_at, completed_at, payer_bic, amount_refunded_cents on payments
    for each row execute function count_changed_payment();

insert into row_counts (list, merchant_id, livemode, level, bucket, grp, n, cents)
    with by_minute as (
        select c.list, merchant_id, livemode, c.grp, date_trunc('minute', created_at, 'UTC') as bucket, c.finest, sum(c.n) as n, sum(c.cents) as cents
        from payments, lateral (values
            ('payments', status, 3, 1, amount_cents),
            ('payments.paid', left(payer_bic, 8), 2, (completed_at is not null)::int, case when completed_at is not null then amount_cents else 0 end),
            ('payments.refunded', '', 2, 0, amount_refunded_cents)) as c(list, grp, finest, n, cents)
        where kind = 'payment' and origin <> 'scan' and (c.n <> 0 or c.cents <> 0) group by 1, 2, 3, 4, 5, 6
    )
    select list, merchant_id, livemode, level, date_trunc(unit, bucket, 'UTC'), grp, sum(n), sum(cents)
    from by_minute, (values (0::smallint, 'month'), (1, 'day'), (2, 'hour'), (3, 'minute')) as levels(level, unit)
    where level <= finest group by 1, 2, 3, 4, 5, 6;
