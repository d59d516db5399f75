-- +goose Up
-- What standing orders brought a merchant, in the order of time, for its books. An occurrence whose link was paid is no row: its payment is in the
-- books. The history of subscriptions says what happened. This table has its money under the merchant, and the database writes it itself, so that
-- the version before this one does so too. Nothing in it is ever changed.
create table subscription_receipts (
    subscription_id text        not null,
    -- Of the row of the history.
    sequence        bigint      not null,
    merchant_id     uuid        not null,
    livemode        boolean     not null,
    occurrence      integer     not null,
    -- Below zero: the proof of an earlier row was taken back.
    amount_cents    bigint      not null check (amount_cents <> 0),
    -- What proves it; of a row that takes back: what proved that it was paid.
    evidence        text        not null,
    occurred_at     timestamptz not null,
    primary key (subscription_id, sequence),
    foreign key (subscription_id, sequence) references subscription_history (subscription_id, sequence)
);
create index subscription_receipts_list on subscription_receipts (merchant_id, livemode, occurred_at, subscription_id, sequence);

-- The money of the history. What an occurrence brings is what it has brought so far, or nothing: its rows alternate.
create view subscription_money as
    select h.subscription_id, h.sequence, s.merchant_id, s.livemode, h.occurrence, case when h.to_status = 'paid' then s.amount_cents else -s.amount_cents end as amount_cents,
        by.evidence, h.occurred_at
    from subscription_history h
        join subscriptions s on s.id = h.subscription_id
        cross join lateral (select case when h.to_status = 'paid' then h.status_detail else (select p.status_detail from subscription_history p
            where p.subscription_id = h.subscription_id and p.occurrence = h.occurrence and p.sequence < h.sequence order by p.sequence desc limit 1) end as evidence) by
    where h.occurrence > 0 and (h.to_status = 'paid') <> (h.from_status = 'paid') and by.evidence <> 'payment';

-- +goose StatementBegin
create function subscription_money_is_recorded() returns trigger language plpgsql as $$
begin
    insert into subscription_receipts (subscription_id, sequence, merchant_id, livemode, occurrence, amount_cents, evidence, occurred_at)
        select subscription_id, sequence, merchant_id, livemode, occurrence, amount_cents, evidence, occurred_at from subscription_money
        where subscription_id = new.subscription_id and sequence = new.sequence;
    return null;
end $$;
-- +goose StatementEnd
create trigger subscription_history_money after insert on subscription_history for each row
    when (new.occurrence > 0 and (new.to_status = 'paid' or new.from_status = 'paid')) execute function subscription_money_is_recorded();

insert into subscription_receipts (subscription_id, sequence, merchant_id, livemode, occurrence, amount_cents, evidence, occurred_at)
    select subscription_id, sequence, merchant_id, livemode, occurrence, amount_cents, evidence, occurred_at from subscription_money;
