-- +goose Up
-- The traceparent of what placed the order, which later work is linked to. Empty: from before there were traces, or from a version that
-- knows none.
alter table orders add column trace text not null default '';
