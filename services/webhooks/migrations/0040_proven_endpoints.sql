-- +goose Up
-- proven_at: when the server at the endpoint's URL proved, by the challenge of a test, that it is the merchant's. Real deliveries that
-- it took prove it as well, those made a while after url_since, which is when the URL was changed; null: never. Until then a test says
-- nothing of what was found at the URL.
alter table endpoints add column proven_at timestamptz, add column url_since timestamptz;
