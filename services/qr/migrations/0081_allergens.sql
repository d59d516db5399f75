-- +goose Up
-- Which of the 14 allergens of Regulation (EU) 1169/2011 a product contains. Null: the merchant has not said, which is not none.
alter table products add column allergens text[] check (allergens <@ array['gluten', 'crustaceans', 'eggs', 'fish', 'peanuts', 'soybeans', 'milk',
    'nuts', 'celery', 'mustard', 'sesame', 'sulphites', 'lupin', 'molluscs']);
