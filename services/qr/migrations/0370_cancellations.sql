-- +goose Up

-- What merchants take out of orders, piece by piece. An order keeps its lines and its total: what was cancelled of them stands beside them.
-- The limits are proven in 0371; there is nothing yet that could break them.
alter table orders
    add column cancellations   smallint not null default 0,
    add column cancelled_cents bigint   not null default 0;
alter table orders add constraint cancelled_within_total check (cancellations >= 0 and cancelled_cents between 0 and total_cents) not valid;
alter table order_lines
    add column cancelled_quantity integer not null default 0,
    add column cancelled_cents    bigint  not null default 0,
    add column cancelled_taxes    jsonb   not null default '[]'; -- cancelled_cents by rate, as taxes
alter table order_lines add constraint cancelled_within_line check (cancelled_quantity between 0 and quantity and cancelled_cents between 0 and total_cents
    and (cancelled_quantity < quantity or cancelled_cents = total_cents)) not valid;

create table order_cancellations (
    id           uuid        primary key,
    order_id     uuid        not null references orders (id),
    number       smallint    not null check (number > 0), -- counts those of the order
    is_whole     boolean     not null,                    -- of everything that was left
    lines        jsonb       not null,                    -- [{"position", "quantity", "amount_cents", "taxes"}]
    amount_cents bigint      not null check (amount_cents >= 0),
    taxes        jsonb       not null,
    reason       text        not null,
    is_restocked boolean     not null,
    created_at   timestamptz not null,
    unique (order_id, number)
);

-- All refunds of the payments of orders, each with a reference of its own. refund_* of orders is their summary: what is least far along.
-- refunded_cents stays what came of them all.
create table order_refunds (
    reference       text        primary key,
    order_id        uuid        not null references orders (id),
    cancellation_id uuid        references order_cancellations (id), -- null: of none, such as one that was asked for with the payment
    is_outside      boolean     not null,                            -- not asked for with the order
    amount_cents    bigint      not null check (amount_cents > 0),
    taxes           jsonb       not null,
    status          text        not null check (status in ('requested', 'pending', 'completed', 'failed')),
    failure         text        not null default '',
    is_replaced     boolean     not null default false, -- it failed, and another was asked for in its place
    created_at      timestamptz not null
);
create index order_refunds_of_order on order_refunds (order_id, created_at);
-- What a cancellation gives back is under way once.
create unique index order_refunds_under_way on order_refunds (cancellation_id) where status in ('requested', 'pending');
