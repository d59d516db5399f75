-- +goose Up
-- A summary is counted in payments_summary_bank alone as far as a vacuum has marked the pages of the table as visible to all. By default it comes
-- after a fifth of the rows has changed: until then the newest payments, at which people look most, are read from the table.
alter table payments set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);
