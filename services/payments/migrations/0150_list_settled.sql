-- +goose Up
-- A merchant lists its payments by what became of their money on its account, and by the payment link that they pay. Paid is what was completed, and
-- what came after its payment had ended. Each index has only the rows of its list: in one over all payments, a merchant without a connected
-- account would have its whole list read for none that is settled.
create index payments_list_settled on payments (merchant_id, livemode, created_at desc, reference desc)
    where kind = 'payment' and settled_at is not null;
create index payments_list_unseen on payments (merchant_id, livemode, created_at desc, reference desc)
    where kind = 'payment' and settled_at is null and (completed_at is not null or late_at is not null);
create index payments_list_unsettled on payments (merchant_id, livemode, created_at desc, reference desc)
    where kind = 'payment' and unsettled_at is not null;
create index payments_list_link on payments (merchant_id, livemode, payment_link_id, created_at desc, reference desc)
    where kind = 'payment' and payment_link_id <> '';
