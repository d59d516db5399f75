-- +goose Up

-- An export of invoices can be a ZIP of the documents. An instance of the version before, which does not know the format, makes a table of
-- it: it cannot say bundled, so that its file never becomes ready, and another instance makes it again. The new check of formats allows more
-- than the old one: 0232 says so to PostgreSQL.
alter table exports
    add column bundled boolean not null default false,
    drop constraint exports_format_check,
    add constraint exports_format_check check (format in ('csv', 'xlsx', 'fec', 'camt', 'zip')) not valid,
    add constraint zip_is_bundled check (format <> 'zip' or status <> 'ready' or bundled) not valid;
