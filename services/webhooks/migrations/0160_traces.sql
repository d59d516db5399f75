-- +goose Up
-- The traceparent of what made the delivery, which its attempts belong to or are linked to. Empty: none, or from a version that knows
-- none.
alter table deliveries add column trace text not null default '';
