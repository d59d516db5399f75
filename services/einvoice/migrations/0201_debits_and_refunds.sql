-- +goose Up

-- Money that went back to businesses for services was not reported. It is now, after what was reported of its payment, and once the
-- replicas of the version before, which cannot send it, have gone.
insert into transmissions (id, kind, subject, merchant_id, livemode, due_at, created_at)
    select gen_random_uuid(), 'collection', p.source, p.merchant_id, p.livemode, now() + interval '15 minutes', now()
    from receipt_parts p join invoices i on i.id = p.source
    where p.reportable and p.audience = 'B2B' and i.corrects is not null
    group by p.source, p.merchant_id, p.livemode
    on conflict (kind, subject) do nothing;

-- Sales of services whose VAT is due with the invoice: e-reports sum them up apart (TT-80).
alter table sale_parts add column on_debits boolean not null default false;

-- Those that are still to be reported: their invoices say it in a note.
update sale_parts s set on_debits = true from invoices i
    where i.id = s.source and s.category = 'TPS1' and s.sold_on > current_date - 100 and i.document -> 'notes' @> '[{"subject": "TXD"}]';
