-- +goose Up
-- Every query of products in an order uses products_placed, which has their positions, too.
drop index products_merchant;
