-- +goose Up
-- event_types: what the browser is told of; language: that of its messages. The defaults are what every browser got before.
alter table push_subscriptions
    add column event_types text[] not null default '{payment.completed,payment.refunded,webhook_endpoint.failing}' check (cardinality(event_types) > 0),
    add column language    text   not null default 'en' check (language in ('en', 'fr'));
