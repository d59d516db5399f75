-- +goose Up
-- Who the two sides are, as far as known: a person or a company (payment.Identity). Personal data; of a payer only the name
-- is kept once the payment is final. {}: nobody said.
alter table payments
    add column payer_identity       jsonb not null default '{}',
    add column beneficiary_identity jsonb not null default '{}',
    -- Of a scan: the request id of the code.
    add column code_request         text  not null default '';
