-- +goose Up

-- The chain of a merchant's documents in the order of their issue: each link has the hash of the link before, so none can be changed, removed or put
-- in another place without changing all that follow.
create table archive_links (
    merchant_id text        not null,
    livemode    boolean     not null,
    -- From 1, without a gap.
    position    bigint      not null check (position > 0),
    invoice_id  uuid        not null unique references invoices (id),
    -- SHA-256 of its files, to say which of them was changed.
    xml_sha256  bytea       not null check (length(xml_sha256) = 32),
    pdf_sha256  bytea       not null check (length(pdf_sha256) = 32),
    -- SHA-256 of the link's text, which has the hash of the link before.
    hash        bytea       not null check (length(hash) = 32),
    sealed_at   timestamptz not null,
    primary key (merchant_id, livemode, position)
);

-- The end of a chain on a day, to be kept elsewhere too: with it nobody can make the chain anew.
create table archive_anchors (
    merchant_id text        not null,
    livemode    boolean     not null,
    day         date        not null,
    position    bigint      not null,
    hash        bytea       not null check (length(hash) = 32),
    created_at  timestamptz not null,
    primary key (merchant_id, livemode, day)
);

-- Documents that are not in the chain yet.
alter table invoices add column sealed boolean not null default false;
create index invoices_unsealed on invoices (merchant_id, livemode, created_at, id) where not sealed;

-- +goose StatementBegin
create function archive_is_final() returns trigger language plpgsql as $$
begin
    raise exception 'a row of % is final', tg_table_name using errcode = 'restrict_violation';
end
$$;
-- +goose StatementEnd

create trigger archive_links_final before update or delete on archive_links for each row execute function archive_is_final();
create trigger archive_anchors_final before update or delete on archive_anchors for each row execute function archive_is_final();
create trigger documents_final before delete on documents for each row execute function archive_is_final();
create trigger documents_same before update on documents for each row
    when (old.xml is distinct from new.xml or old.pdf is distinct from new.pdf or old.invoice_id <> new.invoice_id)
    execute function archive_is_final();
create trigger invoices_final before delete on invoices for each row execute function archive_is_final();
create trigger invoices_same before update on invoices for each row
    when (old.document is distinct from new.document or old.number <> new.number or old.type_code <> new.type_code or old.issued_on <> new.issued_on
        or old.total_cents <> new.total_cents or old.merchant_id <> new.merchant_id or old.livemode <> new.livemode or old.created_at <> new.created_at
        or old.corrects is distinct from new.corrects or (old.sealed and not new.sealed))
    execute function archive_is_final();
