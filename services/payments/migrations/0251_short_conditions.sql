-- +goose Up
-- The condition of a trigger is parsed in every statement that updates a payment, too: what is in the function instead costs nothing until it is
-- called. Both triggers do what they did.
-- +goose StatementBegin
create or replace function scan_is_requested_last() returns trigger language plpgsql as $$
begin
    if not (new.requested_at is not null and old.requested_at is null or new.provider_payment_id is not null and old.provider_payment_id is null) then
        return new;
    end if;
    if not exists (select 1 from payments g
        where g.reference = new.gateway_reference and g.paid_by = new.reference and g.own_session = 'closed') then
        raise exception 'scan % must not be requested: % is not held by it or not closed', new.reference, new.gateway_reference;
    end if;
    return new;
end $$;
-- +goose StatementEnd
create or replace trigger scan_is_requested_last before update of requested_at, provider_payment_id on payments for each row
    when (new.origin = 'scan') execute function scan_is_requested_last();

-- +goose StatementBegin
create or replace function list_settlement() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        if current_setting('eupay.settlements_listed', true) is not distinct from 'yes' then
            return null;
        end if;
        delete from payment_settlements
            where merchant_id = old.merchant_id and livemode = old.livemode and settled_at = old.settled_at and reference = old.reference;
    end if;
    if new.settled_at is not null then
        insert into payment_settlements (merchant_id, livemode, settled_at, reference)
            values (new.merchant_id, new.livemode, new.settled_at, new.reference) on conflict do nothing;
    end if;
    return null;
end $$;
-- +goose StatementEnd
create or replace trigger payments_settled_change after update on payments for each row
    when (old.settled_at is distinct from new.settled_at) execute function list_settlement();

-- As for the functions that count: they name the schema of their tables.
-- +goose StatementBegin
do $$ begin
    execute (select string_agg(replace(replace(pg_get_functiondef(oid), ' from payments g', format(' from %I.payments g', current_schema())),
            ' payment_settlements', format(' %I.payment_settlements', current_schema())), ';')
        from pg_proc where pronamespace = current_schema()::regnamespace and proname in ('scan_is_requested_last', 'list_settlement'));
end $$;
-- +goose StatementEnd
