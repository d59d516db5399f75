-- +goose Up
-- Which payments are settled, in the order of time, for a merchant's books. It is what an index on payments would be, in a table of its own: an
-- index that knows settled_at makes PostgreSQL write a row into every index of payments when one is settled. payments has the truth; whoever
-- reads this joins it by reference and settled_at.
create table payment_settlements (
    merchant_id uuid        not null,
    livemode    boolean     not null,
    settled_at  timestamptz not null,
    reference   text        not null,
    primary key (merchant_id, livemode, settled_at, reference)
);

-- Follows payments, whoever changes them: the version before, a rebuild. What settles many at once lists them in one statement, which costs a third,
-- and says so in eupay.settlements_listed for its transaction.
-- +goose StatementBegin
create function list_settlement() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
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
create trigger payments_settled_change after update on payments for each row
    when (old.settled_at is distinct from new.settled_at and current_setting('eupay.settlements_listed', true) is distinct from 'yes')
    execute function list_settlement();
create trigger payments_settled_insert after insert on payments for each row
    when (new.settled_at is not null) execute function list_settlement();

insert into payment_settlements (merchant_id, livemode, settled_at, reference)
    select merchant_id, livemode, settled_at, reference from payments where settled_at is not null;

-- Room on each page for the next version of its rows. An update that no index knows of stays there.
alter table payments set (fillfactor = 80);
drop index payments_settled;
