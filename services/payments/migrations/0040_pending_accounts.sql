-- +goose Up
-- pending: the customer came back from the bank, and the app has not confirmed yet that it was its own user who went there. due_at is
-- when the confirmation is too late, and the consent is taken back.
alter table bank_accounts
    drop constraint bank_accounts_state_check,
    add constraint bank_accounts_state_check check (state in ('pending', 'linked', 'removing')),
    drop constraint removing_is_due,
    add constraint unsettled_is_due check ((state in ('pending', 'removing')) = (due_at is not null));
create index bank_accounts_pending on bank_accounts (due_at) where state = 'pending';

-- tries are the wrong codes; confirmed_at is when the right one came.
alter table bank_visits add column tries int not null default 0, add column confirmed_at timestamptz;
