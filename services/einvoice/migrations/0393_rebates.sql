-- +goose Up
-- Credit notes for a period in place of one invoice (262), which correct none. The wider checks let in all that the old ones did.
alter table invoices
    drop constraint invoices_type_code_check,
    drop constraint invoices_check,
    add constraint invoices_type_code_check check (type_code in ('262', '380', '381', '384', '386', '503')) not valid,
    add constraint invoices_check check ((type_code in ('262', '380', '386')) = (corrects is null)) not valid;
