-- +goose Up
-- What admins see: payments and refunds that have had no news for longer than expected. They are few.
create index payments_stalled on payments (stalled_at, reference) where stalled_at is not null and status in ('pending', 'pending_sca');
