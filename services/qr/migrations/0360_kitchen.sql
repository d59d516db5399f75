-- +goose Up
-- The strongest locks first, so that they are held briefly.
lock table orders, order_lines in share row exclusive mode;

-- Where things are made: a bar, a grill. Lines of orders go to one station each.
create table kitchen_stations (
    id          uuid        primary key,
    merchant_id uuid        not null,
    name        text        not null check (char_length(name) between 1 and 60),
    is_default  boolean     not null,
    created_at  timestamptz not null,
    updated_at  timestamptz not null
);
create index kitchen_stations_of_merchant on kitchen_stations (merchant_id, created_at, id);
create unique index kitchen_stations_default on kitchen_stations (merchant_id) where is_default;

-- What goes to a station. A product's route goes before its category's; what has none goes to the default station.
create table kitchen_routes (
    merchant_id uuid not null,
    kind        text not null check (kind in ('category', 'product')),
    subject     text not null, -- the name of a category or the id of a product
    station_id  uuid not null references kitchen_stations on delete cascade,
    primary key (merchant_id, kind, subject)
);
create index kitchen_routes_of_station on kitchen_routes (station_id);

-- What the kitchen knows of a line. Lines from before this table, or of the version before, have no row: what they are follows from their order.
create table kitchen_lines (
    order_id     uuid        not null,
    position     integer     not null,
    station_id   uuid        references kitchen_stations on delete set null,
    course       smallint    not null check (course between 0 and 9), -- 0: none
    status       text        not null check (status in ('waiting', 'preparing', 'ready', 'served')),
    fired_at     timestamptz,                                         -- null: its course waits
    preparing_at timestamptz,
    ready_at     timestamptz,
    served_at    timestamptz,
    primary key (order_id, position),
    foreign key (order_id, position) references order_lines (order_id, position) on delete cascade
);
create index kitchen_lines_of_station on kitchen_lines (station_id) where station_id is not null;

-- When an order changed last, for those who follow a kitchen: the transaction that changed it. Every transaction before the oldest that runs has
-- ended, so a reader who goes on from there misses nothing, and nobody waits for a lock.
create table kitchen_orders (
    order_id    uuid   primary key,
    merchant_id uuid   not null,
    changed_by  bigint not null,
    version     bigint not null
);
create index kitchen_orders_changed on kitchen_orders (merchant_id, changed_by);

-- A trigger, so that whoever changes an order tells the kitchen, the version before included.
-- +goose StatementBegin
create function tell_kitchen() returns trigger language plpgsql set search_path from current as $$
begin
    insert into kitchen_orders as k (order_id, merchant_id, changed_by, version) values (new.id, new.merchant_id, pg_current_xact_id()::text::bigint, 1)
        on conflict (order_id) do update set changed_by = excluded.changed_by, version = k.version + 1;
    return null;
end $$;
-- +goose StatementEnd
create trigger orders_tell_kitchen after insert or update on orders for each row when (new.status <> 'awaiting_payment') execute function tell_kitchen();

-- Printers that fetch their tickets (Star CloudPRNT). token_hash is of the secret in the address that the printer asks.
create table kitchen_printers (
    id           uuid        primary key,
    merchant_id  uuid        not null,
    name         text        not null check (char_length(name) between 1 and 60),
    stations     uuid[]      not null, -- empty: whole orders
    language     text        not null check (language in ('fr', 'en')),
    width        smallint    not null check (width between 24 and 64), -- characters of a line
    is_active    boolean     not null,
    token_hash   bytea       not null unique,
    mac          text        not null default '',
    status_code  text        not null default '', -- what it said last
    last_seen_at timestamptz,
    offline_at   timestamptz, -- when its silence was announced; null: it is not silent
    sequence     bigint      not null default 1,
    created_at   timestamptz not null,
    updated_at   timestamptz not null
);
create index kitchen_printers_of_merchant on kitchen_printers (merchant_id, created_at, id);
create index kitchen_printers_heard on kitchen_printers (last_seen_at) where offline_at is null and is_active;

-- Tickets to be printed. What is on them is read from the order when they are printed.
create table kitchen_print_jobs (
    id          uuid        primary key,
    merchant_id uuid        not null,
    printer_id  uuid        not null references kitchen_printers on delete cascade,
    order_id    uuid,        -- null: a test of the printer
    station_id  uuid        references kitchen_stations on delete set null,
    course      smallint    not null, -- which was fired; 0: what is made at once
    -- Once for an order, station and course: who asks twice prints once.
    once        text        not null,
    state       text        not null check (state in ('queued', 'sent', 'printed', 'failed', 'expired')),
    attempts    integer     not null default 0,
    problem     text        not null default '',
    created_at  timestamptz not null,
    sent_at     timestamptz,
    ended_at    timestamptz,
    expires_at  timestamptz not null,
    unique (printer_id, once),
    constraint ended_or_not check ((ended_at is not null) = (state in ('printed', 'failed', 'expired')))
);
create index kitchen_print_jobs_open on kitchen_print_jobs (printer_id, id) where state in ('queued', 'sent');
create index kitchen_print_jobs_due on kitchen_print_jobs (expires_at) where state in ('queued', 'sent');
create index kitchen_print_jobs_newest on kitchen_print_jobs (merchant_id, id desc);
create index kitchen_print_jobs_of_station on kitchen_print_jobs (station_id) where station_id is not null;
create index kitchen_print_jobs_old on kitchen_print_jobs (created_at);
