-- +goose Up
-- The order of a payment.
create index orders_payment on orders (payment_reference) where payment_reference is not null;
