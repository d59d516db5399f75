-- +goose Up

-- Codes with which guests order for less. uses counts the orders that hold one; its row lock makes the count exact.
create table promotion_codes (
    id              uuid        primary key,
    merchant_id     uuid        not null,
    code            text        not null check (code ~ '^[A-Z0-9-]{4,32}$'),
    name            text        not null,
    type            text        not null check (type in ('percentage', 'fixed_amount')),
    value           bigint      not null check (value > 0 and (type <> 'percentage' or value <= 10000)), -- hundredths of a percent, or cents
    min_order_cents bigint      not null check (min_order_cents >= 0),
    max_uses        bigint      not null check (max_uses >= 0), -- 0: any number
    uses            bigint      not null default 0 check (uses >= 0),
    products        text[]      not null,
    categories      text[]      not null,
    is_active       boolean     not null,
    starts_at       timestamptz,
    ends_at         timestamptz, -- exclusive
    created_at      timestamptz not null,
    updated_at      timestamptz not null,
    constraint window_is_one check (starts_at < ends_at),
    unique (merchant_id, code)
);
create index promotion_codes_of_merchant on promotion_codes (merchant_id, created_at, id);

-- The code that made an order cheaper. It may be gone since.
alter table orders add column promotion_id uuid, add column promotion_code text not null default '';
