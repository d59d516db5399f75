-- +goose Up

-- Who does a job that one replica does at a time, until when. The epoch counts the leaders: what one of an older epoch writes
-- is refused. Rows stay for ever, so that epochs never begin again.
create table leadership (
    job        text        primary key,
    holder     text        not null,
    epoch      bigint      not null,
    expires_at timestamptz not null
);

-- The stream that the outbox was published to, by which the relay knows when the broker has lost it, and what is to be published
-- again: the rows after repeat_after up to repeat_until, by id.
create table outbox_position (
    service        text        primary key,
    stream_created timestamptz not null,
    repeat_after   bigint      not null default 0,
    repeat_until   bigint      not null default 0
);

-- Where in the stream the broker stored the event. Null: not published, or by a version that did not note it.
alter table outbox add column sequence bigint;

-- Where a consumer of events has to begin when the broker has lost its durable: everything stored up to floor_at is settled. The
-- last message that was applied tells whether the stream is still the one that it was.
create table consumer_position (
    consumer      text        primary key,
    floor_at      timestamptz,
    last_sequence bigint      not null default 0,
    last_at       timestamptz
);
