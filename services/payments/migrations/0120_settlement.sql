-- +goose Up
-- A merchant's own bank account, which it lets us read. The row of an account that was taken back stays, because its lines do.
create table receiving_accounts (
    id                  uuid        primary key,
    merchant_id         uuid        not null,
    livemode            boolean     not null,
    provider_account_id text        not null,
    connection_id       text        not null,
    -- Counts the connections of the account: the provider numbers the lines of each anew.
    generation          integer     not null default 1,
    bank_name           text        not null,
    name                text        not null,
    iban_masked         text        not null,
    iban_key_id         text        not null,
    iban_sealed         bytea       not null,
    iban_fingerprint    bytea       not null,
    -- pending: read by nobody until who started the visit confirms it. disconnected: the consent has ended; asked again once a day.
    -- removing: the consent is being taken back.
    state               text        not null check (state in ('pending', 'connected', 'disconnected', 'removing', 'removed')),
    -- When the account is read next; of pending when it is too late to confirm, of removing when that is tried again.
    due_at              timestamptz,
    consent_ends_at     timestamptz,
    -- How many of the announcements before the end of the consent were made.
    warnings            integer     not null default 0,
    -- Counts the events of this account.
    sequence            bigint      not null default 0,
    -- How far it is read: everything that the bank changed before read_from is known. While a read is under way, read_next is the
    -- read_from of the next one and read_offset how many lines of this one are recorded.
    read_from           timestamptz not null,
    read_next           timestamptz,
    read_offset         integer     not null default 0,
    -- When a read last reached its end.
    read_at             timestamptz,
    -- When lines wait to be matched; a lease too.
    match_due_at        timestamptz,
    connected_at        timestamptz not null,
    constraint due_unless_removed check ((due_at is null) = (state = 'removed')),
    foreign key (merchant_id, livemode) references bank_users (customer_id, livemode)
);
create unique index receiving_accounts_once on receiving_accounts (merchant_id, livemode, iban_fingerprint)
    where state in ('connected', 'disconnected');
create index receiving_accounts_due on receiving_accounts (due_at) where due_at is not null;
create index receiving_accounts_match_due on receiving_accounts (match_due_at) where match_due_at is not null;
create index receiving_accounts_of_connection on receiving_accounts (connection_id, livemode) where state in ('connected', 'disconnected');

-- A line of such an account. What the bank wrote is personal data: it is sealed, and removed some time after the booking.
create table bank_lines (
    id                uuid        primary key,
    account_id        uuid        not null references receiving_accounts (id),
    merchant_id       uuid        not null,
    livemode          boolean     not null,
    provider_id       text        not null,
    generation        integer     not null,
    -- Negative: a debit.
    amount_cents      bigint      not null check (amount_cents <> 0),
    booked_on         date        not null,
    -- coming: announced by the bank, not booked. new: to be matched. partly: some of it is matched. gone: the bank took it back.
    state             text        not null check (state in ('coming', 'new', 'unmatched', 'suggested', 'partly', 'matched', 'gone')),
    -- Why it is not matched: a word that the API explains.
    reason            text        not null default '',
    -- A person undid a match of it: nothing links it by itself any more.
    by_hand           boolean     not null default false,
    matched_cents     bigint      not null default 0,
    -- The subscription whose standing order it is an execution of; then all of it is matched, and to no payment.
    subscription_id   text        not null default '',
    -- Our own references that its text names.
    refs              text[]      not null default '{}',
    text_key_id       text,
    text_sealed       bytea,
    -- Keyed hashes of the payer's account number, and of everything that the bank says of the line.
    payer_fingerprint bytea,
    content_hash      bytea       not null,
    recorded_at       timestamptz not null,
    updated_at        timestamptz not null,
    unique (account_id, provider_id),
    -- No credit is counted twice.
    constraint matched_within_the_line check (0 <= matched_cents and matched_cents <= abs(amount_cents)),
    constraint matched_is_whole check ((state = 'matched') = (matched_cents = abs(amount_cents))),
    constraint nothing_else_is_matched check (matched_cents = 0 or state in ('matched', 'partly'))
);
create index bank_lines_list on bank_lines (merchant_id, livemode, booked_on desc, id desc);
create index bank_lines_list_open on bank_lines (merchant_id, livemode, state, booked_on desc, id desc) where state in ('new', 'unmatched', 'suggested');
create index bank_lines_new on bank_lines (account_id, booked_on, id) where state = 'new';
create index bank_lines_open on bank_lines (account_id, amount_cents, payer_fingerprint) where state in ('new', 'unmatched', 'suggested');
create index bank_lines_refs on bank_lines using gin (refs) where state in ('new', 'unmatched', 'suggested') and refs <> '{}';
create index bank_lines_waiting on bank_lines (updated_at) where state = 'unmatched' and reason = 'payment_open';
create index bank_lines_text on bank_lines (booked_on) where text_sealed is not null;

-- What the bank changed of a line that was known.
create table bank_line_changes (
    line_id     uuid        not null references bank_lines (id),
    occurred_at timestamptz not null,
    what        text        not null,
    note        text        not null default ''
);
create index bank_line_changes_of on bank_line_changes (line_id, occurred_at);

-- What is expected on an account: payments to it, and refunds from it.
create table settlement_items (
    reference         text        primary key references payments (reference),
    account_id        uuid        not null references receiving_accounts (id),
    merchant_id       uuid        not null,
    livemode          boolean     not null,
    kind              text        not null check (kind in ('payment', 'refund')),
    amount_cents      bigint      not null check (amount_cents > 0),
    matched_cents     bigint      not null default 0,
    payer_key_id      text,
    payer_sealed      bytea,
    payer_fingerprint bytea,
    -- The merchant's own reference in capital letters and digits, which the bank's text carries.
    word              text        not null default '',
    -- The reference of the scan that paid it, which is the transfer's.
    alias             text        not null default '',
    expected_on       date        not null,
    -- unsettled: it was not seen in time, and that was announced.
    state             text        not null check (state in ('open', 'unsettled', 'settled')),
    due_at            timestamptz,
    created_at        timestamptz not null,
    constraint open_is_due check ((due_at is null) = (state <> 'open')),
    constraint matched_within_the_payment check (0 <= matched_cents and matched_cents <= amount_cents),
    constraint settled_is_whole check ((state = 'settled') = (matched_cents = amount_cents))
);
create index settlement_items_due on settlement_items (due_at) where due_at is not null;
create index settlement_items_amount on settlement_items (account_id, amount_cents, payer_fingerprint) where state <> 'settled';
create index settlement_items_word on settlement_items (account_id, word) where state <> 'settled' and word <> '';
create index settlement_items_tail on settlement_items (account_id, right(reference, 16));
create index settlement_items_alias on settlement_items (account_id, right(alias, 16)) where alias <> '';
create index settlement_items_day on settlement_items (account_id, expected_on) where state <> 'settled';
create index settlement_items_unsettled on settlement_items (merchant_id, livemode, expected_on desc, reference desc) where state = 'unsettled';

-- Which cents of a line are which cents of a payment or refund, by which rule and on which evidence. Rows are never deleted: what was
-- undone stays.
create table settlement_matches (
    id           uuid        primary key,
    line_id      uuid        not null references bank_lines (id),
    reference    text        not null references settlement_items (reference),
    amount_cents bigint      not null check (amount_cents > 0),
    rule         text        not null,
    evidence     jsonb       not null,
    -- Who matched it: 'rule', or the person.
    actor        text        not null,
    note         text        not null default '',
    created_at   timestamptz not null,
    undone_at    timestamptz,
    undone_by    text        not null default '',
    undone_note  text        not null default '',
    constraint undone_by_somebody check ((undone_at is null) = (undone_by = ''))
);
create unique index settlement_matches_once on settlement_matches (line_id, reference) where undone_at is null;
create index settlement_matches_of_line on settlement_matches (line_id, created_at);
create index settlement_matches_of_payment on settlement_matches (reference);

-- What a line may be, for a person to decide. They are replaced whenever the line is looked at.
create table settlement_suggestions (
    line_id      uuid    not null references bank_lines (id),
    rank         integer not null,
    reference    text    not null references settlement_items (reference),
    amount_cents bigint  not null,
    rule         text    not null,
    evidence     jsonb   not null,
    primary key (line_id, rank)
);

-- Payments that wait for the merchant's word, which its bank may give.
create index payments_awaiting on payments (merchant_id, livemode) where settle_by is not null;
