-- +goose Up

-- Where a payment comes from, and what only the platform says of it. A scan (origin "scan") is a payment that pays another
-- one, its gateway payment; a payment of a merchant's code (origin "qr") stands for itself.
alter table payments
    add column origin            text not null default 'api' check (origin in ('api', 'order', 'qr', 'scan')),
    add column order_id          text not null default '',
    add column customer_id       text not null default '',
    add column gateway_reference text references payments (reference),

    -- Who holds the payment, so that nothing else may pay it: the scan that pays it, or who of the merchant's side said that
    -- the money came outside the provider. Both stay when the payment completes by them.
    add column paid_by           text references payments (reference),
    add column received_by       text not null default '',
    add column received_at       timestamptz,
    add column received_note     text not null default '',
    -- The payment's own session at the provider. closing: we may have asked the bank to cancel it for a holder. closed: it is
    -- certain that nobody can pay there any more; never left.
    add column own_session       text not null default 'open' check (own_session in ('open', 'closing', 'closed')),

    add constraint scan_has_a_gateway_payment check ((origin = 'scan') = (gateway_reference is not null)),
    add constraint scanned_by_somebody check (origin not in ('qr', 'scan') or customer_id <> ''),
    add constraint order_is_known check ((origin = 'order') = (order_id <> '')),
    add constraint only_payments_have_an_origin check (kind = 'payment' or origin = 'api'),
    add constraint one_holder check (paid_by is null or received_by = ''),
    add constraint held_is_payable check ((paid_by is null and received_by = '') or (kind = 'payment' and origin in ('api', 'order'))),
    add constraint held_knows_of_closing check ((paid_by is null and received_by = '') or own_session <> 'open'),
    -- What is held ends by its holder alone: never unpaid, and never before its own session is closed.
    add constraint held_is_closed_before_it_ends check ((paid_by is null and received_by = '')
        or status in ('pending', 'pending_sca') or (own_session = 'closed' and status in ('completed', 'refunded')));

-- A gateway payment has one scan that is under way or paid it, whatever our code believes; and a scan pays one payment.
create unique index payments_one_scan on payments (gateway_reference) where origin = 'scan' and status not in ('failed', 'cancelled');
create unique index payments_paid_by on payments (paid_by) where paid_by is not null;

-- +goose StatementBegin
create function scan_is_requested_last() returns trigger language plpgsql as $$
begin
    if not exists (select 1 from payments g
        where g.reference = new.gateway_reference and g.paid_by = new.reference and g.own_session = 'closed') then
        raise exception 'scan % must not be requested: % is not held by it or not closed', new.reference, new.gateway_reference;
    end if;
    return new;
end $$;
-- +goose StatementEnd

-- A scan's provider payment is asked for only when the gateway payment's own session is closed and the scan holds it. That
-- stays so: closed is never left, and only the end of the scan itself lets go of a closed payment.
create trigger scan_is_requested_last before update of requested_at, provider_payment_id on payments for each row
    when (new.origin = 'scan' and ((new.requested_at is not null and old.requested_at is null)
        or (new.provider_payment_id is not null and old.provider_payment_id is null)))
    execute function scan_is_requested_last();
alter table payments add constraint scan_is_recorded_before_it_is_requested
    check (origin <> 'scan' or sequence > 1 or provider_payment_id is null);

-- Who said so, and in which words; of changes that a person answers for.
alter table payment_history
    add column actor text not null default '',
    add column note  text not null default '';

-- "scan": a customer's code, for 30 minutes.
alter table claims drop constraint claims_kind_check, add constraint claims_kind_check check (kind in ('reference', 'header', 'scan'));
