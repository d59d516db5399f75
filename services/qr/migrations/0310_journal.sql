-- +goose Up

-- The end of each merchant's chain. Its row lock puts the entries of a merchant in line.
create table journal_heads (
    merchant_id uuid    not null,
    livemode    boolean not null,
    sequence    bigint  not null,
    hash        bytea   not null,
    primary key (merchant_id, livemode)
);

-- What was sold, received, given back, cancelled and closed. body is what was hashed; the other columns repeat parts of it for queries.
create table journal (
    merchant_id  uuid        not null,
    livemode     boolean     not null,
    sequence     bigint      not null check (sequence > 0),
    kind         text        not null check (kind in ('ordered', 'cancelled', 'paid', 'refunded', 'printed', 'closed', 'exported')),
    occurred_at  timestamptz not null,
    order_id     uuid,
    bill_id      uuid,
    reference    text        not null,
    method       text        not null,
    amount_cents bigint      not null,
    tip_cents    bigint      not null,
    body         text        not null,
    previous     bytea       not null,
    hash         bytea       not null,
    primary key (merchant_id, livemode, sequence)
);
create index journal_of_order on journal (order_id) where order_id is not null;
create index journal_of_bill on journal (bill_id) where bill_id is not null;
create index journal_by_time on journal (merchant_id, livemode, occurred_at);

-- Entries are not changed, whoever tries.
-- +goose StatementBegin
create function journal_is_kept() returns trigger language plpgsql as $$
begin
    raise exception 'the journal is never changed' using errcode = 'check_violation';
end $$;
-- +goose StatementEnd
create trigger journal_is_kept before update or delete or truncate on journal for each statement execute function journal_is_kept();

-- A line's total by rate of VAT: [{"rate", "gross", "vat"}]. Empty: all of it at vat_per_mille.
alter table order_lines add column taxes jsonb not null default '[]';
