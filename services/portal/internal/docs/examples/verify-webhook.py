import base64
import hashlib
import hmac
import json
import os
import time

SECRET = os.environ["EUPAY_WEBHOOK_SECRET"]  # whsec_…


def verified(headers, body: bytes) -> bool:
    timestamp = headers.get("webhook-timestamp", "")
    if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > 300:
        return False
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{timestamp}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(part, expected) for part in headers.get("webhook-signature", "").split(" "))


# With Flask: take the raw bytes, before anything parses them.
# @app.post("/webhooks/eupay")
def receive(request):
    body = request.get_data()
    if not verified(request.headers, body):
        return "", 400
    event = json.loads(body)
    if event["event"] == "payment.completed":
        pass  # deliver event["data"]["merchant_reference"], unless this webhook-id was seen before
    return "", 200
