// Package chaos kills and restarts the processes of a complete EU Pay under load, or breaks what they depend on: the broker's
// consumers, streams and disk, the database's writes, the network of a node, the bank itself. Then it compares the records of the REST
// API, of the sandbox bank or e-invoicing platform, and of the merchant's webhook receiver: of payments, invoices, orders, payment links,
// subscriptions, points, and of what the bank has booked. One test replaces every replica by a newer version instead, which nobody may notice.
//
// TestChaosEverythingAtOnce is one long run (make chaos MINUTES=10): the system as a cluster has it, mixed traffic, and one fault after the
// other, in an order that its seed determines. plan_test.go draws the order, faults_test.go has the faults, invariants_test.go what must hold,
// reliability_test.go the report. estate_test.go brings the system up, with two PostgreSQL servers (pair_test.go) and three NATS servers
// (brokers_test.go), each behind an address that can be disturbed (front_test.go).
package chaos
