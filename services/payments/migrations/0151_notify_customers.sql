-- +goose Up
-- Whether the customer of a subscription that is collected by links gets a mail with each link.
alter table subscriptions
    add column notify_customer boolean not null default false,
    add constraint only_links_are_mailed check (not notify_customer or collect = 'links') not valid;
