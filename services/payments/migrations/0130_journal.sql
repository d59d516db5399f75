-- +goose Up
-- A merchant's books are read in the order of time: what moved by when it moved, refunds by when they were asked for, and what was seen on the
-- merchant's account by that day.
create index payments_moved on payments (merchant_id, livemode, (coalesce(completed_at, late_at)), reference)
    where origin <> 'scan' and (completed_at is not null or late_at is not null);
create index payments_refund_list on payments (merchant_id, livemode, created_at, reference) where kind = 'refund';
create index payments_settled on payments (merchant_id, livemode, settled_at, reference) where settled_at is not null;
