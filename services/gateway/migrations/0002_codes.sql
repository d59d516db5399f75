-- +goose Up
-- epc_enabled: codes of plain SEPA transfers (EPC069-12), which need an account to pay to.
alter table merchants add column epc_enabled boolean not null default false;
alter table merchants add constraint merchants_epc_check check (not epc_enabled or iban <> '');

-- The picture in the middle of a merchant's QR codes.
create table merchant_logos (
    merchant_id uuid        primary key references merchants (id),
    image       bytea       not null check (length(image) between 1 and 524288),
    updated_at  timestamptz not null
);
