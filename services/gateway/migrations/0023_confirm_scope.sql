-- +goose Up
-- Saying that money came, or did not, has a scope of its own. Keys that could say so keep it.
update api_keys set scopes = array_append(scopes, 'payments:confirm') where 'payments:write' = any (scopes) and not 'payments:confirm' = any (scopes);
