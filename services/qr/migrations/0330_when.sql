-- +goose Up

-- When a merchant takes orders. No row, or no services in schedule: always. schedule is read and replaced as a whole.
create table order_hours (
    merchant_id           uuid        primary key,
    schedule              jsonb       not null default '{}',
    dine_in_paused_until  timestamptz,
    takeaway_paused_until timestamptz,
    slot_minutes          smallint    not null default 0 check (slot_minutes in (0, 5, 10, 15, 20, 30, 60)), -- 0: no slots
    slot_capacity         integer     not null default 0 check (slot_capacity >= 0), -- orders in a slot; 0: any number
    preparation_minutes   smallint    not null default 0 check (preparation_minutes >= 0),
    days_ahead            smallint    not null default 0 check (days_ahead >= 0)
);

-- The orders that hold a place in a slot. Its row lock makes the count exact.
create table pickup_slots (
    merchant_id uuid        not null,
    starts_at   timestamptz not null,
    taken       integer     not null check (taken >= 0),
    primary key (merchant_id, starts_at)
);

-- pickup_slot is the slot in which the order holds a place while it holds its goods.
alter table orders add column pickup_at timestamptz, add column pickup_slot timestamptz;
