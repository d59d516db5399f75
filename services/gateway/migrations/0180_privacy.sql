-- +goose Up
-- A person is found by the address, also one who has left a team or has not verified it.
create index users_every_address on users (lower(email));
create index mails_recipient on mails (lower(recipient));

-- The log stays append-only. One change is possible: what tells from where a person came is taken out of an entry, when that person's data is
-- erased. Nothing else of it can ever change, whoever asks.
-- +goose StatementBegin
create function audit_log_forgets_origin() returns trigger language plpgsql as $$
begin
    if (new.id, new.at, new.actor, new.action, new.target) is distinct from (old.id, old.at, old.actor, old.action, old.target)
        or new.merchant_id is distinct from old.merchant_id
        or new.detail is distinct from old.detail - array['ip', 'device', 'email', 'name'] then
        raise exception 'audit_log is append-only';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
drop trigger audit_log_no_change on audit_log;
create trigger audit_log_no_change before delete or truncate on audit_log for each statement execute function audit_log_is_append_only();
create trigger audit_log_only_forgets before update on audit_log for each row execute function audit_log_forgets_origin();
