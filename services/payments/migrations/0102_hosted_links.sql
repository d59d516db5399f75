-- +goose Up

-- What is known at the provider of the payment links that it hosts. reference is that of the payment which such a link brings, and its
-- end-to-end id: the link is found by it when the answer to its creation is lost.
create table payment_link_hosted (
    link_id         text        primary key references payment_links (id),
    reference       text        not null unique,
    -- creating: it may not be there yet. open: the payer has its address. revoking: it shall take no payment any more, and its last attempt
    -- may still be paid. ended: nothing comes any more.
    step            text        not null check (step in ('creating', 'open', 'revoking', 'ended')),
    -- The account that is paid and the payer, as the merchant named them when the link was made. Personal data: gone at the end.
    beneficiary     jsonb       not null,
    payer           jsonb       not null,
    provider_id     text,
    url             text        not null default '',
    -- Since when a request to create it may have taken effect without our knowing: as long as it is set, the link is looked up.
    requested_at    timestamptz,
    creates         integer     not null default 0,
    lookups         integer     not null default 0,
    revoke_known    boolean     not null default false,
    last_payment_id text        not null default '',
    attempt_state   text        not null default '',
    quiet_polls     integer     not null default 0,
    due_at          timestamptz,

    constraint due_unless_ended check ((due_at is null) = (step = 'ended')),
    constraint open_has_its_id check (step <> 'open' or provider_id is not null)
);
create index payment_link_hosted_due on payment_link_hosted (due_at) where due_at is not null;
