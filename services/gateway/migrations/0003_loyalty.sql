-- +goose Up
-- Whether customers earn points with what they pay to the merchant.
alter table merchants add column loyalty_eligible boolean not null default false;
