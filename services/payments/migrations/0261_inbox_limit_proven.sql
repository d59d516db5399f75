-- +goose Up
-- Reads the whole inbox, beside those who write to it. No version makes ids that are not of a time, but the form of the table allows them.
set local timezone = 'UTC';
-- +goose StatementBegin
do $$
begin
    execute format('with odd as (delete from inbox where event_id >= id_floor(to_timestamp(%L, ''YYYYMM'')) returning *)
        insert into inbox_rest select * from odd', obj_description((select oid from pg_constraint where conname = 'inbox_month' and conrelid = 'inbox'::regclass)));
end $$;
-- +goose StatementEnd
alter table inbox validate constraint inbox_month;
