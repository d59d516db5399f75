-- +goose Up

-- Mails to be sent, each written in the transaction of its cause. None holds a credential: links and codes are made when the mail is
-- sent. A mail is due until it is sent or its recipient is refused for good.
create table mails (
    id         uuid        primary key,
    kind       text        not null,
    recipient  text        not null,
    user_id    uuid        references users (id) on delete cascade, -- null: whoever has the address when it is sent
    language   text        not null default 'en',
    detail     jsonb       not null default '{}', -- what the text names, never a credential
    created_at timestamptz not null,
    due_at     timestamptz not null, -- claiming it moves this ahead, so it is a lease too
    attempts   integer     not null default 0,
    last_error text        not null default '',
    done_at    timestamptz,
    outcome    text        not null default '' check (outcome in ('', 'sent', 'refused', 'void')),
    constraint done_with_outcome check ((done_at is null) = (outcome = ''))
);
create index mails_due on mails (due_at) where done_at is null;
create index mails_done on mails (done_at) where done_at is not null;

-- What a mail lets its reader do once, by the SHA-256 of the token: 256 random bits, so nothing slower is needed.
create table mail_tokens (
    hash       bytea       primary key,
    user_id    uuid        not null references users (id) on delete cascade,
    purpose    text        not null,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create index mail_tokens_of_user on mail_tokens (user_id, purpose);
create index mail_tokens_expired on mail_tokens (expires_at);
