# Both signatures of a webhook, as OpenSSL makes them. Use the vectors below to try it.
secret='whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY='
id='0197ddd1-2a10-7c3e-9f61-5b0c8a4e7d12'
timestamp='1781699130'
body='{"event":"payment.completed","timestamp":"2026-06-17T12:25:30Z","sequence":3,"data":{"reference":"PAY-20260617-0B25921FB72918ED","amount":29.99,"currency":"EUR","status":"completed","merchant_reference":"ORDER-1042"}}'

# X-EuPay-Signature
printf 'sha256='; printf %s "$body" | openssl dgst -sha256 -hmac "$secret" -r | cut -d' ' -f1

# webhook-signature
key=$(printf %s "${secret#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
printf 'v1,'; printf %s "$id.$timestamp.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A; echo
