-- +goose Up
alter table exports
    validate constraint exports_format_check,
    validate constraint zip_is_bundled;
