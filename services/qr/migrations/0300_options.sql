-- +goose Up

-- Choices that guests make of a product: its size, how it is done, what is added. A group belongs to as many products as the merchant likes.
create table option_groups (
    id          uuid        primary key,
    merchant_id uuid        not null,
    name        text        not null check (char_length(name) between 1 and 100),
    min_choices smallint    not null check (min_choices between 0 and max_choices),
    max_choices smallint    not null check (max_choices between 1 and 50),
    created_at  timestamptz not null,
    updated_at  timestamptz not null
);
create index option_groups_of_merchant on option_groups (merchant_id, created_at, id);

create table options (
    id           uuid     primary key,
    group_id     uuid     not null references option_groups on delete cascade,
    position     smallint not null,
    name         text     not null check (char_length(name) between 1 and 100),
    price_cents  bigint   not null check (price_cents between 0 and 100000000), -- added to the product's price
    is_default   boolean  not null,
    is_available boolean  not null
);
create index options_of_group on options (group_id, position);

create table product_option_groups (
    product_id uuid     not null references products on delete cascade,
    group_id   uuid     not null references option_groups on delete cascade,
    position   smallint not null,
    primary key (product_id, group_id)
);
create index product_option_groups_of_group on product_option_groups (group_id);

-- What was chosen, as it was then: [{"id", "group", "name", "price_cents"}]. unit_price_cents includes it.
alter table order_lines add column options jsonb not null default '[]';
