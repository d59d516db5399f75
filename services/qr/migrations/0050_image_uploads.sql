-- +goose Up

-- Uploads of images that were signed. Their bytes wait under uploads/<key>; key is where what was found good is kept for good.
create table image_uploads (
    key         text        primary key,
    merchant_id uuid        not null,
    -- 'open' while the signed URL is good, then 'kept'; 'attached' once a product has it; 'over' while its objects are removed.
    state       text        not null check (state in ('open', 'kept', 'attached', 'over')),
    -- When the next state is due. Removed rows are over for good.
    due_at      timestamptz not null
);
create index image_uploads_due on image_uploads (due_at);
create index image_uploads_waiting on image_uploads (merchant_id) where state in ('open', 'kept');
