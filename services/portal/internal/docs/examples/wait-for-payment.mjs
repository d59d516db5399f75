// In the payer's browser, or on your server: the endpoint is public.
export async function waitForPayment(reference, ms = 600_000) {
  const end = Date.now() + ms;
  while (Date.now() < end) {
    const response = await fetch(`{{base}}/gateway/payments/${reference}/status`);
    if (response.ok) {
      const { data } = await response.json();
      if (data.status === "completed") return data;
      if (["failed", "cancelled"].includes(data.status)) throw new Error(data.status);
    }
    await new Promise((resolve) => setTimeout(resolve, 3000));
  }
  throw new Error("timeout");
}
