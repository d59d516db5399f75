package webhooks

// snippet is how a program verifies a webhook.
type snippet struct{ Language, Code string }

var snippets = []snippet{
	{"Node", `import { createHmac, timingSafeEqual } from "node:crypto";
import express from "express";

const app = express();
const key = Buffer.from(process.env.EUPAY_WEBHOOK_SECRET.replace(/^whsec_/, ""), "base64");

function verified(headers, body) {
  const id = headers["webhook-id"], time = headers["webhook-timestamp"], sent = headers["webhook-signature"];
  if (!id || !sent || !/^\d+$/.test(time ?? "") || Math.abs(Date.now() / 1000 - time) > 300) return false;
  const want = Buffer.from("v1," + createHmac("sha256", key).update(id + "." + time + ".").update(body).digest("base64"));
  return sent.split(" ").some((s) => { const got = Buffer.from(s); return got.length === want.length && timingSafeEqual(got, want); });
}

app.post("/webhooks", express.raw({ type: "application/json" }), (req, res) => {
  if (!verified(req.headers, req.body)) return res.status(400).end();
  const event = JSON.parse(req.body);
  // act on event.event and event.data, once for each webhook-id
  res.status(200).end();
});`},
	{"Go", `import "european-pay.eu/eupay/sdk/go/webhook"

http.Handle("POST /webhooks", webhook.Handler(os.Getenv("EUPAY_WEBHOOK_SECRET"), func(ctx context.Context, event *webhook.Event) error {
	if payment, ok := event.Data.(*webhook.Payment); ok && event.Type == webhook.PaymentCompleted {
		return deliver(ctx, payment.MerchantReference) // unless event.ID was seen before
	}
	return nil
}))`},
	{"Python", `import base64, hashlib, hmac, json, os, time
from flask import Flask, request

app = Flask(__name__)
key = base64.b64decode(os.environ["EUPAY_WEBHOOK_SECRET"].removeprefix("whsec_"))

def verified(headers, body):
    id, stamp, sent = (headers.get("webhook-" + n, "") for n in ("id", "timestamp", "signature"))
    if not id or not (stamp.isascii() and stamp.isdigit()) or abs(time.time() - int(stamp)) > 300:
        return False
    mac = hmac.new(key, f"{id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    want = "v1," + base64.b64encode(mac).decode()
    return any(hmac.compare_digest(want.encode(), s.encode()) for s in sent.split(" "))

@app.post("/webhooks")
def webhook():
    body = request.get_data()
    if not verified(request.headers, body):
        return "", 400
    event = json.loads(body)
    # act on event["event"] and event["data"], once for each webhook-id
    return "", 200`},
	{"PHP", `<?php
$key = base64_decode(substr(getenv('EUPAY_WEBHOOK_SECRET'), strlen('whsec_')));
$body = file_get_contents('php://input');
$id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
$time = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
$sent = $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '';

$want = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$time.$body", $key, true));
$fresh = ctype_digit($time) && abs(time() - (int) $time) <= 300;
$signed = array_filter(explode(' ', $sent), fn ($s) => hash_equals($want, $s));
if ($id === '' || !$fresh || !$signed) {
    http_response_code(400);
    exit;
}
$event = json_decode($body, true);
// act on $event['event'] and $event['data'], once for each webhook-id
http_response_code(200);`},
}
