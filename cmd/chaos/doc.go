// Package chaos kills and restarts the processes of a whole EU Pay under load, or takes away what they stand on: the broker's consumers,
// streams and disk, the database's writes, the network of a node. Then it compares the books of those who know: the REST API, the
// sandbox bank or e-invoicing platform, and the merchant's webhook receiver.
package chaos
