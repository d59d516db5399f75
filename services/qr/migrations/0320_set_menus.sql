-- +goose Up

-- What a product has beside its name, price and stock. A version before this one knows none of it: its products keep the defaults.
alter table products
    add column kind              text        not null default 'product' check (kind in ('product', 'set_menu')),
    -- Per mille, of what is taken away. Null: vat_rate.
    add column vat_rate_takeaway smallint    check (vat_rate_takeaway in (200, 100, 55, 21)),
    add column contains_alcohol  boolean     not null default false check (not contains_alcohol or vat_rate = 200 and coalesce(vat_rate_takeaway, 200) = 200),
    -- stock_quantity does not count.
    add column stock_unlimited   boolean     not null default false,
    -- Sold out for now; sold_out_until is when that ends by itself, and null: not by itself.
    add column sold_out          boolean     not null default false,
    add column sold_out_until    timestamptz check (sold_out_until is null or sold_out),
    -- Its place within its category; equals are in the order of their names.
    add column position          integer     not null default 0 check (position between 0 and 1000000),
    -- [{"meat", "born", "reared", "slaughtered"}], countries as in ISO 3166-1.
    add column origin            jsonb       not null default '[]',
    -- {language: {"name", "description"}}
    add column translations      jsonb       not null default '{}';
-- The order of the list and of the menu, in place of products_merchant.
create index products_placed on products (merchant_id, category collate "C", position, search_key, id);

-- What guests choose of a set menu, such as the starter.
create table set_menu_parts (
    id           uuid     primary key,
    product_id   uuid     not null references products on delete cascade,
    position     smallint not null,
    name         text     not null check (char_length(name) between 1 and 100),
    min_choices  smallint not null check (min_choices between 0 and max_choices),
    max_choices  smallint not null check (max_choices between 1 and 10),
    translations jsonb    not null default '{}'
);
create index set_menu_parts_of_product on set_menu_parts (product_id, position);

create table set_menu_choices (
    part_id          uuid     not null references set_menu_parts on delete cascade,
    product_id       uuid     not null references products on delete cascade,
    position         smallint not null,
    supplement_cents bigint   not null check (supplement_cents between 0 and 100000000), -- added to the set menu's price
    primary key (part_id, product_id)
);
create index set_menu_choices_of_product on set_menu_choices (product_id);

-- What was chosen of a set menu, as it was then: [{"part_id", "part", "product_id", "name", "price_cents", "supplement_cents", "rate", "options"}].
alter table order_lines add column parts jsonb not null default '[]';

-- The order and look of categories, which products name. A name that is not here comes after these.
create table categories (
    merchant_id  uuid     not null,
    name         text     not null check (char_length(name) between 1 and 100),
    position     smallint not null,
    image_url    text     not null default '' check (char_length(image_url) <= 2048), -- empty: none
    translations jsonb    not null default '{}',
    primary key (merchant_id, name)
);

alter table option_groups add column translations jsonb not null default '{}';
alter table options add column translations jsonb not null default '{}';
