-- +goose Up
-- A private customer is found by the address on the invoices.
create index invoices_buyer_email on invoices (lower(document #>> '{buyer,email}')) where document #>> '{buyer,email}' <> '';
