-- +goose Up

-- The accounts of a merchant's books, where they are not the usual ones. Exports have a copy.
create table book_accounts (
    merchant_id text        not null,
    livemode    boolean     not null,
    accounts    jsonb       not null,
    updated_at  timestamptz not null,
    primary key (merchant_id, livemode)
);
