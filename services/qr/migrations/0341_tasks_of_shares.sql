-- +goose Up

-- A share of a bill has payments as an order does: order_id is the id of either.
alter table payment_tasks drop constraint payment_tasks_order_id_fkey;
