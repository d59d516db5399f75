-- +goose Up
-- The objects that parts of payment_history were moved to, each in the transaction that deleted its rows. An object has all rows of some payments of one
-- month and kind; its references are between the two.
create table archives (
    object          text        primary key,
    month           date        not null,
    first_reference text        not null,
    last_reference  text        not null,
    payments        integer     not null check (payments > 0),
    rows            integer     not null check (rows > 0),
    bytes           bigint      not null,
    sha256          bytea       not null,
    schema_version  integer     not null,
    made_at         timestamptz not null
);
create index archives_reference on archives (first_reference, last_reference);

-- The references, in their order, up to which the provider's answers were removed when their time was over.
create table answers_removed (
    kind  text primary key,
    until text not null
);
