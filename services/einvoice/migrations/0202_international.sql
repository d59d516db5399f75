-- +goose Up
-- Businesses abroad: each of their invoices is reported by itself (flux 10.1 and 10.2). The wider checks hold for new rows; older rows met the
-- narrower ones.
alter table invoices
    drop constraint invoices_audience_check,
    add constraint invoices_audience_check check (audience in ('B2B', 'B2BINT', 'B2C')) not valid;
alter table receipt_parts
    drop constraint receipt_parts_audience_check,
    add constraint receipt_parts_audience_check check (audience in ('B2B', 'B2BINT', 'B2C')) not valid;
-- For the reports of a period.
create index invoices_international on invoices (merchant_id, livemode, issued_on) where audience = 'B2BINT';
