-- +goose Up
alter table payments
    -- While only the merchant can say whether the money came: when that is decided without its word.
    add column settle_by          timestamptz,
    -- Where the payer approves a cancellation, while it waits for that.
    add column approval_url       text        not null default '',
    -- How often the payment was asked of the provider, and how often since the last time the provider said that it does not
    -- know the reference. One that was lost once is asked for again soon, later ones after the whole look-up window.
    add column creates            integer     not null default 1,
    add column lookups            integer     not null default 0,
    -- Money that came for a payment which had ended without it, by the merchant's word.
    add column late_cents         bigint,
    add column late_at            timestamptz,
    add column late_booked_at     timestamptz,
    add constraint settles_while_open check (settle_by is null or status in ('pending', 'pending_sca')),
    add constraint late_when_ended check (late_cents is null or (kind = 'payment' and status in ('failed', 'cancelled') and late_cents > 0)),
    add constraint late_is_whole check ((late_cents is null) = (late_at is null) and (late_cents is null) = (late_booked_at is null)),
    -- What can be given back is what came.
    drop constraint never_refunded_beyond,
    add constraint never_refunded_beyond check (0 <= amount_refunded_cents and amount_refunded_cents <= amount_reserved_cents
        and amount_reserved_cents <= coalesce(late_cents, amount_cents));

-- Lists by what is known beyond the status, such as amount_mismatch.
create index payments_list_detail on payments (merchant_id, livemode, status_detail, created_at desc, reference desc)
    where kind = 'payment' and status_detail <> '';
