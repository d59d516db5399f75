import os

import requests

response = requests.post(
    "{{base}}/gateway/payments",
    headers={"X-Api-Key": os.environ["EUPAY_API_KEY"], "X-Api-Secret": os.environ["EUPAY_API_SECRET"]},
    json={
        "amount": 29.99,
        "description": "Order #1042",
        "success_url": "https://yourstore.com/success",
        "cancel_url": "https://yourstore.com/cancel",
    },
    timeout=40,
)
answer = response.json()
if not response.ok:
    raise RuntimeError(f"{answer['code']}: {answer['message']}")
print("Send the payer to", answer["data"]["payment_url"])
