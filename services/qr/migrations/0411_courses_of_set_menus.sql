-- +goose Up

-- The course to which what is chosen for a part of a set menu belongs in the kitchen; 0: none.
alter table set_menu_parts add column course smallint not null default 0 check (course between 0 and 9);
