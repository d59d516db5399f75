-- +goose Up
-- What a payment is found by in its metadata: hashes of each value and of key:value, of one merchant and mode. metadataTerms in the store
-- writes them. Hashes are short whatever the text is, and another merchant's common value makes no list longer.
alter table payments add column metadata_terms bigint[];
create index payments_metadata on payments using gin (metadata_terms) where metadata_terms is not null;

-- The same for the payments that exist. A text that PostgreSQL cannot read, such as one with half a surrogate pair, is not found.
-- +goose StatementBegin
do $$
declare p record;
begin
    for p in select reference, merchant_id, livemode, metadata from payments where metadata <> '' loop
        begin
            update payments set metadata_terms = (
                select array_agg(('x' || encode(substr(sha256(convert_to(p.merchant_id || E'\n' || p.livemode || E'\n' || term, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint)
                from json_each_text(p.metadata::json) m, lateral unnest(array[m.value, m.key || ':' || m.value]) term)
            where reference = p.reference;
        exception when data_exception then null;
        end;
    end loop;
end $$;
-- +goose StatementEnd
