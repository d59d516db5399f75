-- +goose Up
-- The banks of the provider, as it described them when it was last asked. A mode's rows are replaced as a whole.
create table banks (
    livemode  boolean not null,
    id        uuid    not null,
    name      text    not null,
    countries text[]  not null,
    can       jsonb   not null,
    primary key (livemode, id)
);

-- When the provider is asked again. Who asks moves the time ahead first.
create table bank_refreshes (
    livemode     boolean primary key,
    refreshed_at timestamptz,
    due_at       timestamptz not null
);
