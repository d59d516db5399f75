-- +goose Up
-- The index of the list knows all that the list asks for: what comes before a page is skipped in the index alone.
create index payments_list_visible on payments (merchant_id, livemode, created_at desc, reference desc) where kind = 'payment' and origin <> 'scan';
drop index payments_list;
