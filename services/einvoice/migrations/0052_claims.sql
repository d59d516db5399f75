-- +goose Up
-- The table takes the shape that it has in every service. Replicas of the version before go on with the view and its old names; the trigger
-- keeps both ways to say when a key is free again. View, trigger and created_at go with a later version.
alter table idempotency rename to claims;
alter index idempotency_created rename to claims_created;
alter table claims rename column value to key;
alter table claims rename column request_hash to fingerprint;
alter table claims rename column result to reference;
alter table claims
    alter column fingerprint set default '',
    alter column created_at set default now(),
    add column expires_at timestamptz not null default now() + interval '24 hours';
update claims set expires_at = created_at + interval '24 hours';
create index claims_expired on claims (expires_at);

create view idempotency as
    select merchant_id, livemode, kind, key as value, fingerprint as request_hash, reference as result, created_at from claims;

-- +goose StatementBegin
create function claims_both_times() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' and new.expires_at = now() + interval '24 hours' or tg_op = 'UPDATE' and new.created_at <> old.created_at then
        new.expires_at := new.created_at + interval '24 hours';
    else
        new.created_at := new.expires_at - interval '24 hours';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
create trigger claims_both_times before insert or update of created_at, expires_at on claims
    for each row execute function claims_both_times();
