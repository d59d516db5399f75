-- +goose Up

-- What menus say of a merchant, from merchant.* events. as_of is the time of the last event that counted.
create table menu_merchants (
    merchant_id uuid        primary key,
    name        text        not null,
    is_active   boolean     not null,
    as_of       timestamptz not null
);

create table dining_tables (
    id          uuid        primary key,
    merchant_id uuid        not null,
    name        text        not null check (name <> ''),
    zone        text        not null,
    capacity    integer     not null check (capacity between 1 and 100),
    status      text        not null check (status in ('active', 'inactive')),
    token       text        not null unique check (token ~ '^[0-9a-f]{32}$'),
    created_at  timestamptz not null,
    updated_at  timestamptz not null
);
create index dining_tables_of_merchant on dining_tables (merchant_id, created_at, id);

-- Offers on a product, and without one on whole orders.
create table offers (
    id              uuid        primary key,
    merchant_id     uuid        not null,
    product_id      uuid,
    name            text        not null check (name <> ''),
    type            text        not null,
    value           bigint      not null check (value >= 0), -- hundredths of a percent, or cents
    min_order_cents bigint      not null default 0 check (min_order_cents >= 0),
    starts_at       timestamptz,
    ends_at         timestamptz, -- exclusive
    created_at      timestamptz not null,
    updated_at      timestamptz not null,
    constraint type_fits check (
        (type = 'percentage' and value between 1 and 10000) or (type = 'fixed_amount' and product_id is null and value > 0)
        or (type = 'fixed_price' and product_id is not null)),
    constraint window_is_one check (starts_at < ends_at)
);
create index offers_of_merchant on offers (merchant_id, created_at, id);

-- The number that the merchant's last order got. Its row lock also puts the new orders of a merchant in line.
create table order_counters (
    merchant_id uuid   primary key,
    last        bigint not null
);

create table orders (
    id                uuid        primary key,
    merchant_id       uuid        not null,
    livemode          boolean     not null,
    number            bigint      not null,
    table_id          uuid        not null, -- the table may be gone since
    table_name        text        not null,
    table_token       text        not null, -- of that time: with the id it lets the guest look
    order_type        text        not null check (order_type in ('dine_in', 'takeaway')),
    pay_now           boolean     not null,
    status            text        not null check (status in
        ('awaiting_payment', 'received', 'preparing', 'ready', 'served', 'cancelled', 'expired', 'payment_failed')),
    -- Its goods are out of the stock. Whoever gives them back turns it off, in the same transaction.
    holds_stock       boolean     not null,
    customer_name     text        not null,
    notes             text        not null,
    subtotal_cents    bigint      not null,
    discount_cents    bigint      not null check (discount_cents between 0 and subtotal_cents),
    total_cents       bigint      not null,
    vat_cents         bigint      not null check (vat_cents between 0 and total_cents),
    offer_name        text        not null,
    payment_reference text,
    paid_at           timestamptz,
    paid_late         boolean     not null default false,
    idempotency_key   text,
    fingerprint       bytea,
    sequence          bigint      not null,
    created_at        timestamptz not null,
    updated_at        timestamptz not null,
    constraint sums_hold check (total_cents = subtotal_cents - discount_cents),
    constraint ended_unpaid_holds_nothing check (not holds_stock or status not in ('expired', 'payment_failed')),
    constraint open_holds_stock check (holds_stock or status in ('cancelled', 'expired', 'payment_failed')),
    unique (merchant_id, number)
);
create unique index orders_idempotency on orders (table_id, idempotency_key) where idempotency_key is not null;
create index orders_newest on orders (merchant_id, created_at desc, id desc);
create index orders_kitchen on orders (merchant_id, created_at, id) where status in ('received', 'preparing', 'ready');
create index orders_unpaid on orders (created_at) where status = 'awaiting_payment';

create table order_lines (
    order_id         uuid    not null references orders (id),
    position         integer not null,
    product_id       uuid    not null, -- the product may be gone since
    name             text    not null,
    quantity         integer not null check (quantity between 1 and 99),
    notes            text    not null,
    unit_price_cents bigint  not null check (unit_price_cents >= 0),
    vat_per_mille    integer not null,
    discount_cents   bigint  not null check (discount_cents >= 0),
    total_cents      bigint  not null check (total_cents >= 0 and total_cents = quantity * unit_price_cents - discount_cents),
    vat_cents        bigint  not null check (vat_cents between 0 and total_cents),
    primary key (order_id, position)
);

create table order_history (
    order_id    uuid        not null references orders (id),
    sequence    bigint      not null,
    from_status text        not null,
    to_status   text        not null,
    cause       text        not null check (cause in ('guest', 'merchant', 'payment', 'expiry', 'gateway')),
    detail      text        not null default '',
    occurred_at timestamptz not null,
    primary key (order_id, sequence)
);
