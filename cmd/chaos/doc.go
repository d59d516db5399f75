// Package chaos kills and restarts the processes of a complete EU Pay under load, or breaks what they depend on: the broker's
// consumers, streams and disk, the database's writes, the network of a node, the bank itself. Then it compares the records of the REST
// API, of the sandbox bank or e-invoicing platform, and of the merchant's webhook receiver: of payments, invoices, orders, payment links,
// subscriptions, points, and of what the bank has booked. One test replaces every replica by a newer version instead, which nobody may notice.
package chaos
