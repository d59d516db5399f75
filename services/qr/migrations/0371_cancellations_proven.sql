-- +goose Up
-- Reads orders and their lines, beside those who write to them.
alter table orders validate constraint cancelled_within_total;
alter table order_lines validate constraint cancelled_within_line;
