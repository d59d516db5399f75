import { writeFile } from "node:fs/promises";
import QRCode from "qrcode"; // npm install qrcode

const response = await fetch("{{base}}/gateway/payments", {
  method: "POST",
  headers: {
    "X-Api-Key": process.env.EUPAY_API_KEY,
    "X-Api-Secret": process.env.EUPAY_API_SECRET,
    "Content-Type": "application/json",
  },
  body: JSON.stringify({ amount: 29.99, description: "Order #1042" }),
});
const { data: payment } = await response.json();

// Level H lets a logo cover the middle.
const png = await QRCode.toBuffer(payment.qr_data.qrData, { errorCorrectionLevel: "H", width: 400, margin: 2 });
await writeFile("code.png", png);
