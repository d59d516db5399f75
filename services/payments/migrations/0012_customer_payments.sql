-- +goose Up
-- What a customer of the app paid, newest first.
create index payments_of_customer on payments (customer_id, created_at desc, reference desc) where origin in ('qr', 'scan');
