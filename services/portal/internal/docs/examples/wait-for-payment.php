<?php
function waitForPayment(string $reference, int $seconds = 600): array
{
    $end = time() + $seconds;
    while (time() < $end) {
        $body = @file_get_contents("{{base}}/gateway/payments/$reference/status");
        $data = $body === false ? [] : json_decode($body, true)["data"];
        switch ($data["status"] ?? "") {
            case "completed":
                return $data;
            case "failed":
            case "cancelled":
                throw new RuntimeException($data["status"]);
        }
        sleep(3);
    }
    throw new RuntimeException("timeout");
}
