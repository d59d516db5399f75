-- +goose Up
-- Deposit invoices (386) and their credit notes (503), and invoices whose buyer cannot be reached yet. The wider checks let in all that the old ones did.
alter table invoices
    drop constraint invoices_type_code_check,
    drop constraint invoices_check,
    add constraint invoices_type_code_check check (type_code in ('380', '381', '384', '386', '503')) not valid,
    add constraint invoices_check check ((type_code in ('380', '386')) = (corrects is null)) not valid,
    -- The final invoice that deducts this deposit; null while none does.
    add column deducted_by uuid references invoices (id),
    -- It waits until its buyer can be reached.
    add column kept boolean not null default false;
create index invoices_deducted on invoices (deducted_by) where deducted_by is not null;
