curl -X POST "{{base}}/gateway/payments" \
  -H "X-Api-Key: $EUPAY_API_KEY" \
  -H "X-Api-Secret: $EUPAY_API_SECRET" \
  -H "Content-Type: application/json" \
  -d '{
    "amount": 29.99,
    "currency": "EUR",
    "description": "Order #1042",
    "success_url": "https://yourstore.com/success",
    "cancel_url": "https://yourstore.com/cancel"
  }'
