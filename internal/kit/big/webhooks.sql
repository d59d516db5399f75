with made as (
    select i, md5('payment ' || i) as h, $3::timestamptz - make_interval(secs => $4::float8 * (1 - i::float8 / $5)) as paid_at,
        '00000000-0000-4000-8000-' || lpad((case when i % 5 = 0 then 0 else i % 1000 end)::text, 12, '0') as merchant
    from generate_series($1::bigint, $2::bigint) i
), told as (
    select m.*, n, paid_at - interval '20 seconds' * (3 - n) as at, (array['payment.created', 'payment.opened', 'payment.completed'])[n] as what,
        'PAY-' || to_char(paid_at at time zone 'UTC', 'YYYYMMDD') || '-' || upper(left(h, 16)) as reference, md5(h || n) as e,
        convert_to('{"type":"payment","reference":"' || h || '","amount":1200,"currency":"EUR","metadata":{"cart":"' || i || '"},"urls":["https://shop.example/'
            || md5(h || 'a') || md5(h || 'b') || md5(h || 'c') || '"],"times":["' || paid_at || '"]}', 'UTF8') as body
    from made m, generate_series(1, 3) n
), event as (
    insert into events (id, merchant_id, livemode, event_type, reference, merchant_reference, sequence, body, created_at)
    select id_of(at, e), merchant, i % 10 <> 0, what, reference, 'order-' || i, n, body, at from told
), known as (
    insert into inbox (consumer, event_id, received_at) select 'webhooks', id_of(at, e), at + interval '1 second' from told
), delivery as (
    insert into deliveries (id, endpoint_id, merchant_id, livemode, event_id, event_type, reference, sequence, body, status, attempt_count, created_at,
        next_attempt_at, claimable_at, finished_at, trace)
    select id_of(at, md5(e)), ('10000000-0000-4000-8000-' || right(merchant, 12))::uuid, merchant, i % 10 <> 0, id_of(at, e), what, reference, n, body,
        'delivered', 1, at, at, at, at + interval '1 second', '00-' || h || '-' || left(h, 16) || '-01'
    from told where n = 3
)
insert into attempts (delivery_id, endpoint_id, number, started_at, duration_micros, response_status, response_body, error, response_headers)
select id_of(at, md5(e)), ('10000000-0000-4000-8000-' || right(merchant, 12))::uuid, 1, at, 80000, 200, convert_to('{"received":true}', 'UTF8'), '',
    E'Content-Type: application/json\nDate: Mon, 15 Jun 2026 12:00:00 GMT\nServer: nginx'
from told where n = 3
