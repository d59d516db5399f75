-- +goose Up

-- Mails to people who are no users: the address and what the text names go with the end of the mail.
alter table mails add column forget boolean not null default false;

-- The tickets that were sent by mail, so that nobody has them sent without end: to an address, of an order or bill, of a merchant.
create table ticket_mails (
    mail_id     uuid        primary key,
    merchant_id uuid        not null,
    ticket      uuid        not null, -- the order or the bill
    by_guest    boolean     not null,
    address     bytea       not null, -- SHA-256; empty after a day
    created_at  timestamptz not null
);
create index ticket_mails_of_ticket on ticket_mails (ticket);
create index ticket_mails_of_address on ticket_mails (address, created_at) where address <> '';
create index ticket_mails_of_merchant on ticket_mails (merchant_id, created_at);
create index ticket_mails_by_age on ticket_mails (created_at);
