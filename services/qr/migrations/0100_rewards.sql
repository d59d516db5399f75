-- +goose Up

-- The rules of a merchant's program, append-only: the highest version is in force since its changed_at. Without one, the platform's default
-- program applies, which is version 0.
create table reward_programs (
    merchant_id text        not null,
    livemode    boolean     not null,
    version     integer     not null check (version > 0),
    rules       jsonb       not null,
    changed_by  text        not null,
    changed_at  timestamptz not null,
    primary key (merchant_id, livemode, version)
);

-- Who has points at a merchant. Its row lock serialises everything about the member's points.
create table reward_members (
    id           uuid        primary key,
    merchant_id  text        not null,
    livemode     boolean     not null,
    kind         text        not null check (kind in ('customer', 'number', 'email')),
    -- A customer of the app, the merchant's own number, or the SHA-256 of an address; empty when it was forgotten.
    subject      text        not null,
    -- The sum of the member's entries. Below 0 only where points were taken back that had been used.
    balance      bigint      not null default 0,
    -- Set aside by redemptions that are held. It is part of the balance, unless points were taken back meanwhile.
    held         bigint      not null default 0 check (held >= 0),
    -- What its payments are worth after all limits.
    earned       bigint      not null default 0 check (earned >= 0),
    -- Counts the member's changes.
    sequence     bigint      not null default 0,
    created_at   timestamptz not null,
    forgotten_at timestamptz,
    constraint forgotten_has_no_name check ((forgotten_at is not null) = (subject = ''))
);
create unique index reward_members_subject on reward_members (merchant_id, livemode, kind, subject) where subject <> '';
create index reward_members_list on reward_members (merchant_id, livemode, id desc);

-- The ledger. Lines are never changed and never removed.
create table reward_entries (
    id              uuid        primary key,
    member_id       uuid        not null references reward_members (id),
    sequence        bigint      not null,
    merchant_id     text        not null,
    livemode        boolean     not null,
    kind            text        not null check (kind in ('earned', 'welcome', 'taken_back', 'redeemed', 'expired', 'adjusted')),
    points          bigint      not null,
    balance         bigint      not null, -- after this line
    reference       text        not null default '', -- the payment
    redemption_id   uuid,
    program_version integer     not null default 0,
    reason          text        not null default '',
    actor           text        not null default '',
    expires_at      timestamptz,
    occurred_at     timestamptz not null,
    unique (member_id, sequence),
    constraint sign_fits check (points <> 0 and (kind = 'adjusted' or (points > 0) = (kind in ('earned', 'welcome')))),
    constraint redeemed_once check ((kind = 'redeemed') = (redemption_id is not null))
);
create index reward_entries_export on reward_entries (merchant_id, livemode, id desc);
create unique index reward_entries_redemption on reward_entries (redemption_id) where redemption_id is not null;

-- What is left of points that were given. Points that are held are not left. The lot has the id of its entry.
create table reward_lots (
    id             uuid        primary key references reward_entries (id),
    member_id      uuid        not null references reward_members (id),
    reference      text        not null,
    left_points    bigint      not null check (left_points >= 0),
    -- How many of them expired, less what a refund would have taken back anyway.
    expired_points bigint      not null default 0 check (expired_points >= 0),
    expires_at     timestamptz,
    due_at         timestamptz, -- a lease too
    constraint due_while_it_expires check ((due_at is not null) = (left_points > 0 and expires_at is not null))
);
create index reward_lots_open on reward_lots (member_id, expires_at, id) where left_points > 0;
create index reward_lots_payment on reward_lots (member_id, reference) where reference <> '';
create index reward_lots_due on reward_lots (due_at) where due_at is not null;

create table reward_redemptions (
    id           uuid        primary key,
    merchant_id  text        not null,
    livemode     boolean     not null,
    member_id    uuid        not null references reward_members (id),
    status       text        not null check (status in ('held', 'captured', 'released', 'expired')),
    points       bigint      not null check (points > 0),
    amount_cents bigint      not null check (amount_cents >= 0),
    reference    text        not null,
    actor        text        not null,
    expires_at   timestamptz not null,
    created_at   timestamptz not null,
    ended_at     timestamptz,
    due_at       timestamptz, -- a lease too
    constraint due_while_held check ((due_at is not null) = (status = 'held')),
    constraint ended_unless_held check ((ended_at is null) = (status = 'held'))
);
create index reward_redemptions_list on reward_redemptions (merchant_id, livemode, id desc);
create index reward_redemptions_of_member on reward_redemptions (member_id, id desc);
create index reward_redemptions_held on reward_redemptions (member_id) where status = 'held';
create index reward_redemptions_due on reward_redemptions (due_at) where due_at is not null;

-- From which lots a redemption took its points.
create table reward_held_lots (
    redemption_id uuid   not null references reward_redemptions (id),
    lot_id        uuid   not null references reward_lots (id),
    points        bigint not null check (points > 0),
    primary key (redemption_id, lot_id)
);

-- What the payments of a day in Paris are worth before the limits of the day, by the version of the rules.
create table reward_days (
    member_id uuid    not null references reward_members (id),
    day       date    not null,
    version   integer not null,
    worth     bigint  not null check (worth >= 0),
    most      bigint, -- null: no limit
    primary key (member_id, day, version)
);

-- The sum of a member's days, by the version of the rules; most limits what the member earns altogether.
create table reward_totals (
    member_id uuid    not null references reward_members (id),
    version   integer not null,
    granted   bigint  not null check (granted >= 0),
    most      bigint, -- null: no limit
    primary key (member_id, version)
);

-- The points of payments, of every program. customer_id is empty for those that a merchant's own program gave. A version before this one
-- writes its lines for customers here and in the two tables below, without the new columns; they are taken over as soon as they are met.
alter table loyalty_payments
    add column member_id      uuid,
    add column version        integer not null default 0,
    -- What counts of the amount, after multipliers; null: the amount.
    add column weighted_cents bigint,
    add column day            date;

-- What a customer of the app sees: the lines of all merchants in one list, with its balance. The ledger is reward_entries.
alter table loyalty_entries
    add column adopted boolean not null default false,
    drop constraint loyalty_entries_reference_fkey,
    drop constraint loyalty_entries_kind_check,
    drop constraint loyalty_entries_check;
create index loyalty_entries_to_adopt on loyalty_entries (customer_id, merchant_id, livemode) where not adopted;

create table claims (
    merchant_id text        not null,
    livemode    boolean     not null,
    kind        text        not null,
    key         text        not null,
    reference   text        not null,
    fingerprint bytea       not null default '',
    expires_at  timestamptz not null,
    primary key (merchant_id, livemode, kind, key)
);
create index claims_expired on claims (expires_at);

-- +goose StatementBegin
create function reward_entries_are_final() returns trigger language plpgsql as $$
begin
    raise exception 'lines of the ledger of points are never changed';
end $$;
-- +goose StatementEnd
create trigger reward_entries_no_change before update or delete or truncate on reward_entries
    for each statement execute function reward_entries_are_final();

-- A line continues the one before: so the last balance is the sum of all lines.
-- +goose StatementBegin
create function reward_entry_continues() returns trigger language plpgsql as $$
declare
    last record;
begin
    select sequence, balance into last from reward_entries where member_id = new.member_id order by sequence desc limit 1;
    if new.sequence <= coalesce(last.sequence, 0) or new.balance <> coalesce(last.balance, 0) + new.points then
        raise exception 'line % of member % does not continue the ledger', new.sequence, new.member_id using errcode = 'check_violation';
    end if;
    return new;
end $$;
-- +goose StatementEnd
create trigger reward_entries_continue before insert on reward_entries for each row execute function reward_entry_continues();

-- At the commit, no line may be newer than its member's row.
-- +goose StatementBegin
create function reward_entry_is_counted() returns trigger language plpgsql as $$
begin
    if not exists (select from reward_members where id = new.member_id and sequence >= new.sequence) then
        raise exception 'line % of member % is not counted', new.sequence, new.member_id using errcode = 'check_violation';
    end if;
    return null;
end $$;
-- +goose StatementEnd
create constraint trigger reward_entries_counted after insert on reward_entries deferrable initially deferred
    for each row execute function reward_entry_is_counted();

-- At the commit, the balance is that of the last line, what is held is that of the redemptions, and the lots hold what can be spent.
-- +goose StatementBegin
create function reward_member_balances() returns trigger language plpgsql as $$
declare
    m reward_members;
    ledger bigint;
    holds bigint;
    lots bigint;
begin
    select * into m from reward_members where id = new.id;
    select balance into ledger from reward_entries where member_id = m.id order by sequence desc limit 1;
    select coalesce(sum(points), 0) into holds from reward_redemptions where member_id = m.id and status = 'held';
    select coalesce(sum(left_points), 0) into lots from reward_lots where member_id = m.id and left_points > 0;
    if m.balance <> coalesce(ledger, 0) or m.held <> holds or lots <> greatest(m.balance - m.held, 0) then
        raise exception 'member %: balance % of ledger %, held % of %, % in lots', m.id, m.balance, ledger, m.held, holds, lots
            using errcode = 'check_violation';
    end if;
    return null;
end $$;
-- +goose StatementEnd
create constraint trigger reward_members_balance after insert or update on reward_members deferrable initially deferred
    for each row execute function reward_member_balances();
