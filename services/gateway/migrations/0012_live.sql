-- +goose Up
-- Whether the platform lets the merchant take real money; gateway_enabled alone opens test mode. Whoever was enabled before
-- this was enabled in both.
alter table merchants add column live_enabled boolean not null default false;
update merchants set live_enabled = gateway_enabled;
