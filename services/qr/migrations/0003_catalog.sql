-- +goose Up

create table products (
    id             uuid        primary key,
    merchant_id    uuid        not null,
    name           text        not null check (char_length(name) between 1 and 200),
    description    text        not null default '' check (char_length(description) <= 2000),
    category       text        not null default '' check (char_length(category) <= 100),
    price_ttc      bigint      not null check (price_ttc between 0 and 100000000),          -- cents
    vat_rate       smallint    not null check (vat_rate in (200, 100, 55, 21)),             -- per mille
    stock_quantity integer     not null check (stock_quantity between 0 and 1000000),
    image_url      text        not null default '' check (char_length(image_url) <= 2048),  -- empty: none
    is_available   boolean     not null,
    -- Name and category in lower case without accents, made by the service: what a search is compared with.
    search_key     text        collate "C" not null,
    created_at     timestamptz not null,
    updated_at     timestamptz not null
);
-- The order of the list and of the menu. A search walks the merchant's part of it.
create index products_merchant on products (merchant_id, category collate "C", search_key, id);

-- Counts the changes that the merchant's menu shows. Whoever changes such a thing counts it up in the same transaction.
create table menu_versions (
    merchant_id uuid   primary key,
    version     bigint not null
);

-- Products that wait for an image to be found.
create table image_jobs (
    product_id uuid        primary key references products on delete cascade,
    attempts   integer     not null default 0,
    due_at     timestamptz not null
);
create index image_jobs_due on image_jobs (due_at);
