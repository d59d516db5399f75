-- +goose Up
-- The traceparent of what recorded the payment, which later work is linked to, and the trace in which each change happened.
-- Empty: from before there were traces, or from a version that knows none.
alter table payments add column trace text not null default '';
alter table payment_history add column trace_id text not null default '';
