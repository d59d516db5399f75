-- +goose Up

-- A credit note of a deposit that a final invoice had deducted before: it takes back a sale, and no advance.
alter table invoices add column after_final boolean not null default false;
