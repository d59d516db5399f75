-- +goose Up
-- The members and the redemptions of a merchant are counted by the time in their ids, which they are listed by; redemptions by status too.
-- Triggers count, so the version before is counted too.

-- When an id was made, to the millisecond: the first 48 bits of a UUID of version 7.
-- +goose StatementBegin
create function made_at(id uuid) returns timestamptz language sql immutable strict parallel safe as $$
    select to_timestamp(('x' || translate(left(id::text, 13), '-', ''))::bit(48)::bigint / 1000.0)
$$;
-- +goose StatementEnd

-- +goose StatementBegin
create function count_reward_members() returns trigger language plpgsql as $$
declare sign int := case tg_op when 'DELETE' then -1 else 1 end;
begin
    insert into row_count_deltas (list, merchant_id, livemode, grp, bucket, n, cents)
        select 'reward_members', merchant_id, livemode, '', date_trunc('minute', made_at(id), 'UTC'), sign * count(*), 0 from affected group by 2, 3, 5;
    return null;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function count_reward_redemptions() returns trigger language plpgsql as $$
declare sign int := case tg_op when 'DELETE' then -1 else 1 end;
begin
    insert into row_count_deltas (list, merchant_id, livemode, grp, bucket, n, cents)
        select 'reward_redemptions', merchant_id, livemode, status, date_trunc('minute', made_at(id), 'UTC'), sign * count(*), 0
        from affected group by 2, 3, 4, 5;
    return null;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function count_changed_redemption() returns trigger language plpgsql as $$
begin
    insert into row_count_deltas (list, merchant_id, livemode, grp, bucket, n, cents) values
        ('reward_redemptions', old.merchant_id, old.livemode, old.status, date_trunc('minute', made_at(old.id), 'UTC'), -1, 0),
        ('reward_redemptions', new.merchant_id, new.livemode, new.status, date_trunc('minute', made_at(new.id), 'UTC'), 1, 0);
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

lock table reward_members, reward_redemptions in share row exclusive mode;
create trigger reward_members_counted_insert after insert on reward_members referencing new table as affected
    for each statement execute function count_reward_members();
create trigger reward_members_counted_delete after delete on reward_members referencing old table as affected
    for each statement execute function count_reward_members();
create trigger reward_redemptions_counted_insert after insert on reward_redemptions referencing new table as affected
    for each statement execute function count_reward_redemptions();
create trigger reward_redemptions_counted_delete after delete on reward_redemptions referencing old table as affected
    for each statement execute function count_reward_redemptions();
create trigger reward_redemptions_counted_change after update on reward_redemptions for each row
    when (old.status <> new.status) execute function count_changed_redemption();

insert into row_counts (list, merchant_id, livemode, level, bucket, grp, n, cents)
    select list, merchant_id, livemode, level, date_trunc(unit, at, 'UTC'), grp, count(*), 0
    from (select 'reward_members' as list, merchant_id, livemode, '' as grp, made_at(id) as at from reward_members
            union all select 'reward_redemptions', merchant_id, livemode, status, made_at(id) from reward_redemptions) rows,
        (values (0::smallint, 'month'), (1, 'day'), (2, 'hour'), (3, 'minute')) as levels(level, unit) group by 1, 2, 3, 4, 5, 6;

-- A list of one status reads no others.
create index reward_redemptions_status on reward_redemptions (merchant_id, livemode, status, id desc);
