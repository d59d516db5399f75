-- +goose Up

-- A mandate is the payment in which the payer authorises a standing order: it has the reference of its subscription. The new checks
-- allow more than the old ones, so every row keeps them: 0111 says so to PostgreSQL, without holding up anybody.
alter table payments
    drop constraint payments_kind_check,
    add constraint payments_kind_check check (kind in ('payment', 'refund', 'mandate')) not valid,
    drop constraint payments_execution_type_check,
    add constraint payments_execution_type_check check (execution_type in ('instant', 'first_open_day', 'deferred', 'periodic')) not valid,
    add constraint mandates_are_periodic check ((kind = 'mandate') = (execution_type = 'periodic')) not valid,
    add constraint mandates_are_of_their_subscription check (kind <> 'mandate' or subscription_id = reference) not valid;

create table subscriptions (
    id                 text        primary key,
    merchant_id        uuid        not null,
    livemode           boolean     not null,
    -- Of each occurrence.
    amount_cents       bigint      not null check (amount_cents > 0),
    currency           text        not null,
    frequency          text        not null check (frequency in ('daily', 'weekly', 'two-weekly', 'monthly', 'two-monthly', 'quarterly',
        'four-monthly', 'semiannually', 'yearly')),
    start_date         date        not null,
    end_date           date        check (end_date >= start_date),
    -- bank: a standing order of the payer's bank; links: a payment link for each occurrence.
    collect            text        not null check (collect in ('bank', 'links')),
    days_before        smallint    not null default 0 check (days_before between 0 and 60),
    bank_id            uuid,
    settlement         text        not null default '' check (settlement in ('', 'tracked', 'untracked')),
    description        text        not null,
    merchant_reference text        not null default '',
    success_url        text        not null default '',
    cancel_url         text        not null default '',
    metadata           text        not null default '',
    merchant_name      text        not null,
    customer           jsonb       not null default '{}',
    status             text        not null check (status in ('pending', 'pending_sca', 'active', 'completed', 'stopped', 'failed', 'expired')),
    status_detail      text        not null default '',
    failure_code       text        not null default '',
    -- Counts the rows of the history.
    sequence           bigint      not null check (sequence > 0),
    authorisation_url  text        not null default '',
    approval_url       text        not null default '',
    replaces           text        references subscriptions (id),
    replaced_by        text        references subscriptions (id),
    -- Its end was asked for, by whom. stop_at_bank: only the payer can stop it, at the bank.
    ending             text        not null default '' check (ending in ('', 'cancelled', 'replaced')),
    ending_by          text        not null default '',
    stop_at_bank       boolean     not null default false,
    -- How many occurrences were written.
    planned            integer     not null default 0 check (planned >= 0),
    -- When somebody must look at it again; whoever does moves it ahead first, so it is a lease too.
    due_at             timestamptz,
    created_at         timestamptz not null,
    updated_at         timestamptz not null,
    activated_at       timestamptz,
    ended_at           timestamptz,

    -- Nothing that is not final is ever without an owner.
    constraint due_unless_final check ((due_at is null) = (status in ('completed', 'stopped', 'failed', 'expired'))),
    constraint ended_iff_final check ((ended_at is null) = (due_at is not null)),
    constraint active_has_its_time check (status not in ('active', 'completed') or activated_at is not null),
    constraint replaced_is_ending check (replaced_by is null or ending <> '' or status in ('completed', 'stopped'))
);
create index subscriptions_due on subscriptions (due_at) where due_at is not null;
create index subscriptions_list on subscriptions (merchant_id, livemode, created_at desc, id desc);
create index subscriptions_list_status on subscriptions (merchant_id, livemode, status, created_at desc, id desc);
create index subscriptions_list_reference on subscriptions (merchant_id, livemode, merchant_reference) where merchant_reference <> '';
-- Bank labels have the end of the id.
create index subscriptions_tail on subscriptions (right(id, 16));
-- One replacement is under way at a time.
create unique index subscriptions_one_replacement on subscriptions (replaces) where status in ('pending', 'pending_sca');

create table subscription_occurrences (
    subscription_id    text        not null references subscriptions (id),
    -- From 1.
    number             integer     not null check (number > 0),
    nominal_date       date        not null,
    execution_date     date        not null check (execution_date >= nominal_date),
    status             text        not null check (status in ('expected', 'paid', 'missed', 'unknown')),
    evidence           text        not null default '',
    evidence_reference text        not null default '',
    payment_link_id    text        not null default '',
    payment_link_url   text        not null default '',
    reminders          integer     not null default 0,
    due_at             timestamptz,
    decided_at         timestamptz,
    primary key (subscription_id, number),
    -- What is expected is decided some day, and what is decided says by what.
    constraint due_while_expected check ((due_at is not null) = (status = 'expected')),
    constraint decided_by_something check ((status = 'expected') = (evidence = '') and (status = 'expected') = (decided_at is null))
);
create index subscription_occurrences_due on subscription_occurrences (due_at) where due_at is not null;
create index subscription_occurrences_link on subscription_occurrences (payment_link_id) where payment_link_id <> '';
create index subscription_occurrences_open on subscription_occurrences (subscription_id, execution_date) where status <> 'paid';

-- Append-only: what changed and why. occurrence 0: of the subscription itself.
create table subscription_history (
    subscription_id text        not null references subscriptions (id),
    sequence        bigint      not null,
    occurrence      integer     not null default 0,
    from_status     text        not null,
    to_status       text        not null,
    status_detail   text        not null default '',
    failure_code    text        not null default '',
    cause           text        not null,
    actor           text        not null default '',
    note            text        not null default '',
    occurred_at     timestamptz not null,
    primary key (subscription_id, sequence)
);
