-- +goose Up

-- Addresses at which a payer finds what is to be paid. Every payment of a link is an ordinary row of payments.
create table payment_links (
    id                text        primary key,
    merchant_id       uuid        not null,
    livemode          boolean     not null,
    -- The word in the address of our page. A link that the provider hosts has none.
    slug              text        unique,
    host              text        not null check (host in ('eupay', 'powens')),
    status            text        not null check (status in ('active', 'paid', 'expired', 'revoked')),
    status_detail     text        not null default '',
    -- Null: the payer chooses, between the bounds that there are.
    amount_cents      bigint      check (amount_cents > 0),
    minimum_cents     bigint      check (minimum_cents > 0),
    maximum_cents     bigint      check (maximum_cents > 0),
    currency          text        not null,
    -- The stock: how many payments it takes; null: any number.
    uses_max          integer     check (uses_max > 0),
    uses_open         integer     not null default 0 check (uses_open >= 0),
    uses_paid         integer     not null default 0 check (uses_paid >= 0),
    -- Money that came late for payments that had given their place in the stock back, when somebody else had it.
    uses_beyond       integer     not null default 0 check (uses_beyond >= 0),
    amount_paid_cents bigint      not null default 0 check (amount_paid_cents >= 0),
    expires_at        timestamptz,
    description       text        not null,
    reference         text        not null default '',
    success_url       text        not null default '',
    metadata          text        not null default '',
    subscription_id   text        not null default '',
    sequence          bigint      not null check (sequence > 0),
    -- When somebody must look at the link again; whoever does moves it ahead first, so it is a lease too.
    due_at            timestamptz,
    created_at        timestamptz not null,
    updated_at        timestamptz not null,
    paid_at           timestamptz,
    expired_at        timestamptz,
    revoked_at        timestamptz,

    constraint our_page_has_a_slug check ((slug is not null) = (host = 'eupay')),
    constraint fixed_has_no_bounds check (amount_cents is null or (minimum_cents is null and maximum_cents is null)),
    constraint bounds_are_in_order check (minimum_cents <= maximum_cents),
    constraint never_more_than_the_stock check (uses_open + uses_paid <= uses_max),
    constraint paid_when_used_up check (status <> 'paid' or uses_paid + uses_beyond >= uses_max),
    -- An expiry never passes unnoticed.
    constraint due_until_it_ends check (host <> 'eupay' or (due_at is not null) = (status = 'active' and expires_at is not null)),
    constraint paid_has_its_time check (status <> 'paid' or paid_at is not null),
    constraint expired_has_its_time check (status <> 'expired' or expired_at is not null),
    constraint revoked_has_its_time check (status <> 'revoked' or revoked_at is not null)
);
create index payment_links_due on payment_links (due_at) where due_at is not null;
create index payment_links_list on payment_links (merchant_id, livemode, created_at desc, id desc);
create index payment_links_reference on payment_links (merchant_id, livemode, reference) where reference <> '';
create index payment_links_subscription on payment_links (subscription_id) where subscription_id <> '';

-- One row for each payment of a link: the place in the stock that it holds, has, or gave back.
create table payment_link_uses (
    reference    text        primary key references payments (reference),
    link_id      text        not null references payment_links (id),
    state        text        not null check (state in ('open', 'paid', 'released')),
    amount_cents bigint      not null check (amount_cents > 0),
    created_at   timestamptz not null,
    changed_at   timestamptz not null
);
create index payment_link_uses_list on payment_link_uses (link_id, created_at desc, reference desc);

-- Append-only.
create table payment_link_history (
    link_id           text        not null references payment_links (id),
    sequence          bigint      not null,
    status            text        not null,
    what              text        not null,
    payment_reference text        not null default '',
    actor             text        not null default '',
    occurred_at       timestamptz not null,
    primary key (link_id, sequence)
);
