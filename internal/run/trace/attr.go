package trace

import (
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// Attr is an attribute of a span. This file has all that exist: ids, codes and counts. There is none for a text that somebody
// wrote, an account number, a URL or a secret.
type Attr = attribute.KeyValue

// Reference of a payment, refund, invoice or order.
func Reference(ref string) Attr { return attribute.String("eupay.reference", ref) }

// Merchant is the merchant's id, in this mode.
func Merchant(id string) Attr { return attribute.String("eupay.merchant_id", id) }

// Livemode tells live from test.
func Livemode(live bool) Attr { return attribute.Bool("eupay.livemode", live) }

// RequestID is the id of a REST request.
func RequestID(id string) Attr { return attribute.String("eupay.request_id", id) }

// Attempt counts from 1.
func Attempt(n int) Attr { return attribute.Int("eupay.attempt", n) }

// Delivery is the id of a webhook's delivery, and Endpoint that of the endpoint that it goes to.
func Delivery(id string) Attr { return attribute.String("eupay.delivery_id", id) }

// Endpoint is the id of a webhook endpoint.
func Endpoint(id string) Attr { return attribute.String("eupay.endpoint_id", id) }

// Outcome is one of our words for how something ended.
func Outcome(word string) Attr { return attribute.String("eupay.outcome", word) }

// Method is an HTTP method.
func Method(m string) Attr { return semconv.HTTPRequestMethodKey.String(m) }

// Route is the pattern of an HTTP route, never its path.
func Route(pattern string) Attr { return semconv.HTTPRoute(pattern) }

// Status is an HTTP status.
func Status(code int) Attr { return semconv.HTTPResponseStatusCode(code) }

// Host is the name of the server that is called, without the port.
func Host(name string) Attr { return semconv.ServerAddress(name) }

// Redis describes a command to Redis, without its keys and values.
func Redis(command string) []Attr {
	return []Attr{semconv.DBSystemNameRedis, semconv.DBOperationName(command)}
}

// Message describes a message at the broker: the stream that it is in, what is done to it ("send" or "process"), and its id.
func Message(stream, operation, id string) []Attr {
	return []Attr{
		semconv.MessagingSystemKey.String("nats"), semconv.MessagingDestinationName(stream), semconv.MessagingOperationName(operation),
		semconv.MessagingOperationTypeKey.String(operation), semconv.MessagingMessageID(id),
	}
}

// Group is the durable consumer that a message is processed by.
func Group(consumer string) Attr { return semconv.MessagingConsumerGroupName(consumer) }

// Batch is how many messages or rows are worked on together.
func Batch(n int) Attr { return semconv.MessagingBatchMessageCount(n) }
