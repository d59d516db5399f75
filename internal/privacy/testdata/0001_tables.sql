-- +goose Up
create table outbox (occurred_at timestamptz, published_at timestamptz);
create table consumer_position (consumer text, floor_at timestamptz);
