-- +goose Up

-- removed_at: the user has left the team, and the address may be used again. The row stays, because the audit log names it.
alter table users add column removed_at timestamptz;
alter table users add constraint removed_is_disabled check (removed_at is null or disabled);
drop index users_email;
create unique index users_email on users (lower(email)) where unverified_since is null and removed_at is null;

-- merchant_id: whose business an entry is; null: the platform's alone.
alter table audit_log add column merchant_id uuid;
alter table audit_log disable trigger audit_log_no_change;
update audit_log a set merchant_id = o.merchant_id from (
    select id::text as target, id as merchant_id from merchants
    union all select id::text, merchant_id from users where merchant_id is not null
    union all select id::text, merchant_id from api_keys) o
where o.target = a.target;
alter table audit_log enable trigger audit_log_no_change;
create index audit_log_of_merchant on audit_log (merchant_id, id desc) where merchant_id is not null;
