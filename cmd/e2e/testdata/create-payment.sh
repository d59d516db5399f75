curl -X POST "https://dev.eupayv1apis.european-pay.fr/api/v1/gateway/payments" \
  -H "X-Api-Key: pk_live_YOUR_KEY" \
  -H "X-Api-Secret: sk_live_YOUR_SECRET" \
  -H "Content-Type: application/json" \
  -d '{
    "amount": 29.99,
    "currency": "EUR",
    "description": "Order #1042",
    "reference": "ORDER-1042",
    "success_url": "https://yourstore.com/success",
    "cancel_url": "https://yourstore.com/cancel"
  }'
