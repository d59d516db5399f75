-- +goose Up

-- What was paid of an order by rate of VAT: [{"rate", "gross", "vat"}]. Empty: all of it. What is cancelled before an order is paid at the
-- counter is not paid, so it cannot be given back.
alter table orders add column paid_taxes jsonb not null default '[]';
