-- +goose Up
alter table endpoints add column rate_limit int not null default 0 check (rate_limit between 0 and 1000);

-- How an endpoint answered lately. No row: well. It is apart from endpoints because failures write it often while the
-- intake holds endpoints against deletion.
create table endpoint_health (
    endpoint_id   uuid        primary key,
    -- The first failure since the last success; null: the last attempt succeeded.
    failing_since timestamptz,
    failures      int         not null default 0,
    last_error    text        not null default '',
    -- The breaker is open, or half open once paused_until is over; trips counts its openings without a success.
    tripped       boolean     not null default false,
    trips         int         not null default 0,
    -- Nothing is sent before that.
    paused_until  timestamptz,
    constraint tripped_is_paused check (not tripped or paused_until is not null)
);

-- Counts the events about an endpoint.
alter table endpoints add column event_sequence bigint not null default 0;

alter table deliveries drop constraint deliveries_status_check;
alter table deliveries add constraint deliveries_status_check
    check (status in ('waiting', 'pending', 'delivered', 'exhausted', 'missed', 'cancelled'));
-- Attempts of the rounds before a resend, which begins the schedule anew.
alter table deliveries add column attempts_before int not null default 0;

drop index deliveries_list;
create index deliveries_list on deliveries (merchant_id, livemode, created_at desc, id desc);
drop index deliveries_failed;
create index deliveries_failed on deliveries (merchant_id, livemode, status, created_at, id)
    where status in ('exhausted', 'missed', 'cancelled');

-- The answer's headers as lines, cut, without cookies and credentials.
alter table attempts add column response_headers text not null default '';
alter table attempts add column endpoint_id uuid;
update attempts a set endpoint_id = d.endpoint_id from deliveries d where d.id = a.delivery_id;
alter table attempts alter column endpoint_id set not null;
create index attempts_endpoint on attempts (endpoint_id, started_at desc, delivery_id);

create table outbox (
    id           bigint      generated always as identity primary key,
    event_id     uuid        not null,
    event_type   text        not null,
    source       text        not null,
    merchant_id  text        not null,
    livemode     boolean     not null,
    occurred_at  timestamptz not null,
    trace        text        not null default '',
    request_id   text        not null default '',
    data         bytea       not null,
    published_at timestamptz
);
create index outbox_unpublished on outbox (id) where published_at is null;
create index outbox_published on outbox (published_at) where published_at is not null;
