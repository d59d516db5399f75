-- +goose Up

-- Whose a SIRET is in live mode: two merchants must not issue and report for one establishment. A row of its own, and not a unique
-- column of enrolments, because merchants that share one already go on: the oldest has it, the others keep what they have.
create table siret_claims (
    siret       text        primary key,
    merchant_id text        not null,
    claimed_at  timestamptz not null
);
create index siret_claims_merchant on siret_claims (merchant_id);

insert into siret_claims (siret, merchant_id, claimed_at)
    select distinct on (settings ->> 'siret') settings ->> 'siret', merchant_id, created_at from enrolments
    where livemode and settings ->> 'siret' <> '' order by settings ->> 'siret', created_at, merchant_id;
