<?php
$secret = getenv("EUPAY_WEBHOOK_SECRET"); // whsec_…
$body = file_get_contents("php://input"); // the raw bytes

function verified(string $secret, string $body): bool
{
    $id = $_SERVER["HTTP_WEBHOOK_ID"] ?? "";
    $timestamp = $_SERVER["HTTP_WEBHOOK_TIMESTAMP"] ?? "";
    if (!ctype_digit($timestamp) || abs(time() - (int) $timestamp) > 300) {
        return false;
    }
    $key = base64_decode(substr($secret, strlen("whsec_")));
    $expected = "v1," . base64_encode(hash_hmac("sha256", "$id.$timestamp.$body", $key, true));
    foreach (explode(" ", $_SERVER["HTTP_WEBHOOK_SIGNATURE"] ?? "") as $part) {
        if (hash_equals($expected, $part)) {
            return true;
        }
    }
    return false;
}

if (!verified($secret, $body)) {
    http_response_code(400);
    exit;
}
$event = json_decode($body, true);
if ($event["event"] === "payment.completed") {
    // deliver $event["data"]["merchant_reference"], unless this webhook-id was seen before
}
http_response_code(200);
