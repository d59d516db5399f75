const response = await fetch("{{base}}/gateway/payments", {
  method: "POST",
  headers: {
    "X-Api-Key": process.env.EUPAY_API_KEY,
    "X-Api-Secret": process.env.EUPAY_API_SECRET,
    "Content-Type": "application/json",
  },
  body: JSON.stringify({
    amount: 29.99,
    description: "Order #1042",
    success_url: "https://yourstore.com/success",
    cancel_url: "https://yourstore.com/cancel",
  }),
});
const answer = await response.json();
if (!response.ok) throw new Error(`${answer.code}: ${answer.message}`);
console.log("Send the payer to", answer.data.payment_url);
