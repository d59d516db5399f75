-- +goose Up

-- What refunds give back by nature and rate of VAT, where pieces of an order were cancelled: [{"nature", "rate", "amount"}]. It may come before
-- or after the refund itself.
create table refund_splits (
    refund_reference text        primary key,
    merchant_id      text        not null,
    livemode         boolean     not null,
    parts            jsonb       not null,
    created_at       timestamptz not null
);
