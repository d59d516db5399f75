-- +goose Up

-- What merchants say of their till, if it is not what is usual.
create table till_settings (
    merchant_id uuid        primary key,
    -- When a business day begins, in minutes after midnight in France.
    day_starts  smallint    not null check (day_starts between 0 and 720 and day_starts % 15 = 0),
    updated_at  timestamptz not null
);
