-- +goose Up
-- A merchant with subscriptions lists the links that it made itself: there may be thousands of the others between two of them.
create index payment_links_list_own on payment_links (merchant_id, livemode, created_at desc, id desc) where subscription_id = '';
create index payment_links_list_subscriptions on payment_links (merchant_id, livemode, created_at desc, id desc) where subscription_id <> '';
