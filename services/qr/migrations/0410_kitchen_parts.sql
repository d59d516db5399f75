-- +goose Up

-- What the kitchen knows of the parts of a set menu, which are made each at its own station and in its own course. The line has what they have together,
-- so that a version before this table works with it; a part without a row is as its line is.
create table kitchen_parts (
    order_id     uuid        not null,
    position     integer     not null,
    part         smallint    not null check (part between 1 and 100), -- its place among the line's parts
    station_id   uuid        references kitchen_stations on delete set null,
    course       smallint    not null check (course between 0 and 9), -- 0: none
    status       text        not null check (status in ('waiting', 'preparing', 'ready', 'served')),
    fired_at     timestamptz,                                         -- null: its course waits
    preparing_at timestamptz,
    ready_at     timestamptz,
    served_at    timestamptz,
    primary key (order_id, position, part),
    foreign key (order_id, position) references order_lines (order_id, position) on delete cascade
);
create index kitchen_parts_of_station on kitchen_parts (station_id) where station_id is not null;
