<?php
$request = curl_init("{{base}}/gateway/payments");
curl_setopt_array($request, [
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_POST => true,
    CURLOPT_HTTPHEADER => [
        "X-Api-Key: " . getenv("EUPAY_API_KEY"),
        "X-Api-Secret: " . getenv("EUPAY_API_SECRET"),
        "Content-Type: application/json",
    ],
    CURLOPT_POSTFIELDS => json_encode([
        "amount" => 29.99,
        "description" => "Order #1042",
        "success_url" => "https://yourstore.com/success",
        "cancel_url" => "https://yourstore.com/cancel",
    ]),
]);
$answer = json_decode(curl_exec($request), true);
if (!$answer["success"]) {
    throw new RuntimeException($answer["code"] . ": " . $answer["message"]);
}
echo "Send the payer to ", $answer["data"]["payment_url"], "\n";
