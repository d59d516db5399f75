# No library needed: EU Pay draws the code. PNG or SVG, in your colours, with your logo if you like.
curl "{{base}}/gateway/payments/$REFERENCE/qr.png?size=800" \
  -H "X-Api-Key: $EUPAY_API_KEY" \
  -H "X-Api-Secret: $EUPAY_API_SECRET" \
  --output code.png
