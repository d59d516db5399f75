-- +goose Up

-- A product may have codes, a threshold for its stock, and variants. stock_sequence counts the movements of its stock. With variants, the stock is
-- what they have together, which triggers keep.
alter table products
    add column sku            text    not null default '' check (char_length(sku) <= 64),
    add column ean            text    not null default '' check (ean ~ '^([0-9]{8}|[0-9]{12,14})?$'),
    add column low_stock_at   integer check (low_stock_at between 1 and 1000000), -- null: no alert
    add column has_variants   boolean not null default false,
    add column stock_sequence bigint  not null default 1;

create table product_variants (
    id             uuid        primary key,
    merchant_id    uuid        not null,
    product_id     uuid        not null references products on delete cascade,
    position       integer     not null,
    name           text        not null check (char_length(name) between 1 and 100),
    attributes     jsonb       not null default '{}',
    sku            text        not null check (char_length(sku) <= 64),
    ean            text        not null check (ean ~ '^([0-9]{8}|[0-9]{12,14})?$'),
    price_ttc      bigint      check (price_ttc between 0 and 100000000), -- cents; null: the product's
    stock_quantity integer     not null check (stock_quantity between 0 and 1000000),
    low_stock_at   integer     check (low_stock_at between 1 and 1000000), -- null: no alert
    is_available   boolean     not null,
    stock_sequence bigint      not null default 1,
    created_at     timestamptz not null,
    updated_at     timestamptz not null
);
create index product_variants_of_product on product_variants (product_id, position, id);
create index product_variants_of_merchant on product_variants (merchant_id);

-- Every code of a merchant leads to one product or variant. code of an EAN has 14 digits: the same goods have the same code in each form.
create table product_codes (
    merchant_id uuid not null,
    kind        text not null check (kind in ('sku', 'ean')),
    code        text not null,
    product_id  uuid not null references products on delete cascade,
    variant_id  uuid references product_variants on delete cascade,
    primary key (merchant_id, kind, code)
);
create index product_codes_of_product on product_codes (product_id);
create index product_codes_of_variant on product_codes (variant_id) where variant_id is not null;

-- Every change of a stock, from the first pieces on: those of one item, which is a variant or a product, add up to its stock. alert_due: the
-- stock came down to its threshold or to nothing, which is not announced yet.
create table stock_movements (
    id           uuid        primary key default gen_random_uuid(),
    position     bigint      generated always as identity,
    merchant_id  uuid        not null,
    product_id   uuid        not null, -- the product may be gone since
    variant_id   uuid,
    item_id      uuid        generated always as (coalesce(variant_id, product_id)) stored,
    sequence     bigint      not null,
    name         text        not null,
    reason       text        not null check (reason in ('sale', 'cancellation', 'delivery', 'count', 'loss', 'return', 'correction')),
    quantity     integer     not null,
    stock_before integer     not null check (stock_before >= 0),
    stock_after  integer     not null check (stock_after >= 0 and stock_after = stock_before + quantity),
    low_stock_at integer,
    reference    text        not null,
    actor        text        not null,
    alert_due    boolean     not null,
    occurred_at  timestamptz not null,
    unique (item_id, sequence)
);
create index stock_movements_newest on stock_movements (merchant_id, position desc);
create index stock_movements_of_product on stock_movements (product_id, position desc);
create index stock_movements_alerts on stock_movements (merchant_id) where alert_due;

-- The triggers record whatever changes a stock, so that none can be changed without a movement, by whatever version. Who changes it says why in the
-- setting eupay.stock_cause of its transaction: {"id", "reason", "reference", "actor", "at"}.
-- +goose StatementBegin
create function record_movement(merchant uuid, product uuid, variant uuid, item_name text, sequence bigint, was integer, has integer, threshold integer, alerts boolean)
returns void language plpgsql as $$
declare cause jsonb := coalesce(nullif(current_setting('eupay.stock_cause', true), ''), '{}');
begin
    insert into stock_movements (id, merchant_id, product_id, variant_id, sequence, name, reason, quantity, stock_before, stock_after, low_stock_at,
            reference, actor, alert_due, occurred_at)
        values (coalesce((cause->>'id')::uuid, gen_random_uuid()), merchant, product, variant, sequence, item_name, coalesce(cause->>'reason', 'correction'), has - was, was, has, threshold,
            coalesce(cause->>'reference', ''), coalesce(cause->>'actor', ''),
            alerts and has < was and (has = 0 or was > threshold and has <= threshold is true), coalesce((cause->>'at')::timestamptz, now()));
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create function next_stock_sequence() returns trigger language plpgsql as $$
begin
    new.stock_sequence := old.stock_sequence + 1;
    return new;
end $$;
-- +goose StatementEnd

-- What a product has itself: nothing when it has variants.
-- +goose StatementBegin
create function record_product_stock() returns trigger language plpgsql as $$
begin
    case tg_op
    when 'INSERT' then
        perform record_movement(new.merchant_id, new.id, null, new.name, new.stock_sequence, 0, new.stock_quantity, new.low_stock_at, false);
    when 'DELETE' then
        perform record_movement(old.merchant_id, old.id, null, old.name, old.stock_sequence + 1, old.stock_quantity, 0, old.low_stock_at, false);
    else
        perform record_movement(new.merchant_id, new.id, null, new.name, new.stock_sequence,
            case when old.has_variants then 0 else old.stock_quantity end, case when new.has_variants then 0 else new.stock_quantity end,
            new.low_stock_at, not new.has_variants);
    end case;
    return null;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function record_variant_stock() returns trigger language plpgsql as $$
declare
    v product_variants;
    whole text;
    label text;
begin
    if tg_op = 'DELETE' then v := old; else v := new; end if;
    select name into whole from products where id = v.product_id;
    label := case when whole is null then v.name else whole || ' (' || v.name || ')' end;
    case tg_op
    when 'INSERT' then perform record_movement(v.merchant_id, v.product_id, v.id, label, v.stock_sequence, 0, v.stock_quantity, v.low_stock_at, false);
    when 'DELETE' then perform record_movement(v.merchant_id, v.product_id, v.id, label, v.stock_sequence + 1, v.stock_quantity, 0, v.low_stock_at, false);
    else perform record_movement(v.merchant_id, v.product_id, v.id, label, v.stock_sequence, old.stock_quantity, v.stock_quantity, v.low_stock_at, true);
    end case;
    return null;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create function add_up_variants() returns trigger language plpgsql as $$
begin
    update products p set has_variants = v.n > 0, stock_quantity = v.total
        from (select a.product_id, count(v.id) as n, least(coalesce(sum(v.stock_quantity), 0), 1000000) as total
            from (select distinct product_id from affected) a left join product_variants v on v.product_id = a.product_id group by 1) v
        where p.id = v.product_id and (p.has_variants, p.stock_quantity) is distinct from (v.n > 0, v.total::integer);
    return null;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create function keep_codes() returns trigger language plpgsql as $$
declare
    product uuid := case tg_table_name when 'products' then new.id else (to_jsonb(new)->>'product_id')::uuid end;
    variant uuid := case tg_table_name when 'products' then null else new.id end;
begin
    if tg_op = 'UPDATE' then
        delete from product_codes where product_id = product and variant_id is not distinct from variant;
    end if;
    insert into product_codes (merchant_id, kind, code, product_id, variant_id)
        select new.merchant_id, kind, code, product, variant
        from (values ('sku', new.sku), ('ean', case new.ean when '' then '' else lpad(new.ean, 14, '0') end)) as codes (kind, code) where code <> '';
    return null;
end $$;
-- +goose StatementEnd

-- The functions find their tables whatever the search path of the session that writes.
-- +goose StatementBegin
do $$
declare f record;
begin
    for f in select oid::regprocedure::text as name from pg_proc where pronamespace = current_schema()::regnamespace
        and proname in ('record_movement', 'record_product_stock', 'record_variant_stock', 'add_up_variants', 'keep_codes') loop
        execute format('alter function %s set search_path = %I, pg_temp', f.name, current_schema());
    end loop;
end $$;
-- +goose StatementEnd

lock table products in share row exclusive mode;
create trigger products_stock_counted before update on products for each row
    when ((case when old.has_variants then 0 else old.stock_quantity end) is distinct from (case when new.has_variants then 0 else new.stock_quantity end))
    execute function next_stock_sequence();
create trigger products_stock_new after insert on products for each row when (new.stock_quantity <> 0) execute function record_product_stock();
create trigger products_stock_gone after delete on products for each row when (not old.has_variants and old.stock_quantity <> 0)
    execute function record_product_stock();
create trigger products_stock_changed after update on products for each row when (old.stock_sequence is distinct from new.stock_sequence)
    execute function record_product_stock();
create trigger products_codes_new after insert on products for each row when (new.sku <> '' or new.ean <> '') execute function keep_codes();
create trigger products_codes_changed after update on products for each row when ((old.sku, old.ean) is distinct from (new.sku, new.ean))
    execute function keep_codes();

create trigger variants_stock_counted before update on product_variants for each row when (old.stock_quantity <> new.stock_quantity)
    execute function next_stock_sequence();
create trigger variants_stock_new after insert on product_variants for each row when (new.stock_quantity <> 0) execute function record_variant_stock();
create trigger variants_stock_gone after delete on product_variants for each row when (old.stock_quantity <> 0) execute function record_variant_stock();
create trigger variants_stock_changed after update on product_variants for each row when (old.stock_sequence is distinct from new.stock_sequence)
    execute function record_variant_stock();
create trigger variants_codes_new after insert on product_variants for each row when (new.sku <> '' or new.ean <> '') execute function keep_codes();
create trigger variants_codes_changed after update on product_variants for each row when ((old.sku, old.ean) is distinct from (new.sku, new.ean))
    execute function keep_codes();
create trigger variants_total_new after insert on product_variants referencing new table as affected for each statement execute function add_up_variants();
create trigger variants_total_gone after delete on product_variants referencing old table as affected for each statement execute function add_up_variants();
create trigger variants_total_changed after update on product_variants referencing new table as affected for each statement execute function add_up_variants();

-- What is there is where the movements begin.
insert into stock_movements (merchant_id, product_id, sequence, name, reason, quantity, stock_before, stock_after, low_stock_at, reference, actor, alert_due, occurred_at)
    select merchant_id, id, stock_sequence, name, 'count', stock_quantity, 0, stock_quantity, null, '', '', false, now() from products where stock_quantity <> 0;

-- Which variant was ordered, and what it was called then.
alter table order_lines add column variant_id uuid, add column variant_name text not null default '';
