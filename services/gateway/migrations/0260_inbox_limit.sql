-- +goose Up
-- The inbox becomes a table of months. An event's id begins with the time at which it was made (UUIDv7), so the key (consumer, event_id) stays
-- unique over all time although each month is a table of its own, and an id is looked for in one of them. What there is becomes the first of
-- them, in three steps beside services that work: a limit that new rows obey, the proof that the others do (0261), and the change (0262).
-- The limit is a month ahead or more.
-- +goose StatementBegin
create function id_floor(at timestamptz) returns uuid language sql immutable as $$
    select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;
-- +goose StatementEnd

-- Ids that are in no month: of a time that is long over, or not of a time.
create table inbox_rest (like inbox including all);

-- +goose StatementBegin
do $$
begin
    execute format('alter table inbox add constraint inbox_month check (event_id < %L) not valid',
        id_floor(date_trunc('month', now() at time zone 'UTC' + interval '2 months') at time zone 'UTC'));
    execute format('comment on constraint inbox_month on inbox is %L',
        to_char(date_trunc('month', now() at time zone 'UTC' + interval '2 months'), 'YYYYMM'));
end $$;
-- +goose StatementEnd
