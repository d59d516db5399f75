with made as (
    select i, md5('payment ' || i) as h, $3::timestamptz - make_interval(secs => $4::float8 * (1 - i::float8 / $5)) as at, i % 50 = 0 as failed
    from generate_series($1::bigint, $2::bigint) i
), payment as (
    insert into payments (reference, kind, merchant_id, livemode, amount_cents, currency, status, status_detail, sequence, description, merchant_reference,
        success_url, cancel_url, metadata, execution_type, merchant_name, wait_for_settlement, beneficiary_name, beneficiary_iban, beneficiary_iban_key_id,
        beneficiary_iban_sealed, beneficiary_bic, beneficiary_kind, payer_name, payer_iban_key_id, payer_iban_sealed, provider_payment_id, provider_state,
        payment_url, expires_at, created_at, updated_at, completed_at)
    select 'PAY-' || to_char(at at time zone 'UTC', 'YYYYMMDD') || '-' || upper(left(h, 16)), 'payment',
        ('00000000-0000-4000-8000-' || lpad((case when i % 5 = 0 then 0 else i % 1000 end)::text, 12, '0'))::uuid, i % 10 <> 0, 100 + i % 10000, 'EUR',
        case when failed then 'failed' else 'completed' end, '', 3, 'Order ' || i, 'order-' || i, 'https://shop.example/thanks/' || i,
        'https://shop.example/cart/' || i, '{"cart":"' || i || '"}', 'instant', 'Boulangerie Exemple', false, 'Boulangerie Exemple', '', 'k1',
        decode(h || h || h || h, 'hex'), 'AGRIFRPP', 'corporate', 'Camille Exemple', 'k1', decode(h || h || h || h, 'hex'), h, 'done',
        'https://bank.example/pay/' || h || h, at + interval '15 minutes', at, at + interval '40 seconds', case when not failed then at + interval '40 seconds' end
    from made
), history as (
    insert into payment_history (reference, sequence, from_status, to_status, cause, provider_state, provider_raw_key_id, provider_raw_sealed, occurred_at, trace_id)
    select 'PAY-' || to_char(at at time zone 'UTC', 'YYYYMMDD') || '-' || upper(left(h, 16)), n, (array['', 'pending', 'pending_sca'])[n],
        (array['pending', 'pending_sca', case when failed then 'failed' else 'completed' end])[n], (array['create', 'opened', 'webhook'])[n],
        case when n > 1 then 'done' else '' end, case when n > 1 then 'k1' end,
        -- As long as a sealed answer, and as hard to compress.
        case when n > 1 then (select string_agg(sha512(convert_to(h || n || g, 'UTF8')), '') from generate_series(1, 19) g) end,
        at + interval '20 seconds' * (n - 1), h
    from made, generate_series(1, 3) n
), expected as (
    insert into inbox (consumer, event_id, received_at)
    select consumer, id_of(at + interval '40 seconds', h), at + interval '41 seconds' from made, unnest(array['settlement', 'links', 'subscriptions']) consumer
)
insert into outbox (event_id, event_type, source, merchant_id, livemode, occurred_at, trace, request_id, data, published_at, sequence)
select id_of(at + interval '20 seconds' * (n - 1), h), (array['payment.created', 'payment.opened', 'payment.completed'])[n], 'payments',
    '00000000-0000-4000-8000-' || lpad((i % 1000)::text, 12, '0'), i % 10 <> 0, at, '00-' || h || '-' || left(h, 16) || '-01', h,
    decode(repeat(h, 20), 'hex'), at + interval '1 second', 3 * i + n
from made, generate_series(1, 3) n where at > $3::timestamptz - interval '50 hours'
