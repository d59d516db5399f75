package trace

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Postgres starts spans for statements and batches within a span. Schema is the service's. The text of statements stays away: their
// first word says enough, and the span above says the rest.
type Postgres struct{ Schema string }

type statementKey struct{}

// TraceQueryStart starts the span of a statement.
func (p Postgres) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	if !oteltrace.SpanContextFromContext(ctx).IsSampled() {
		return ctx
	}
	return p.start(ctx, firstWord(q.SQL))
}

// TraceQueryEnd ends it.
func (Postgres) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryEndData) {
	end(ctx, q.Err)
}

// TraceBatchStart starts the span of several statements that are sent together.
func (p Postgres) TraceBatchStart(ctx context.Context, _ *pgx.Conn, b pgx.TraceBatchStartData) context.Context {
	if !oteltrace.SpanContextFromContext(ctx).IsSampled() {
		return ctx
	}
	return p.start(ctx, "BATCH", semconv.DBOperationBatchSize(b.Batch.Len()))
}

// TraceBatchQuery does nothing: a batch is one span.
func (Postgres) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd ends the span.
func (Postgres) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, b pgx.TraceBatchEndData) {
	end(ctx, b.Err)
}

func (p Postgres) start(ctx context.Context, operation string, more ...Attr) context.Context {
	ctx, span := Start(ctx, Client, operation+" "+p.Schema,
		append(more, semconv.DBSystemNamePostgreSQL, semconv.DBNamespace(p.Schema), semconv.DBOperationName(operation))...)
	return context.WithValue(ctx, statementKey{}, span)
}

func end(ctx context.Context, err error) {
	if span, ok := ctx.Value(statementKey{}).(Span); ok {
		span.End(err)
	}
}

// firstWord of a statement, in capital letters.
func firstWord(sql string) string {
	sql = strings.TrimSpace(sql)
	if i := strings.IndexFunc(sql, func(r rune) bool { return r < 'A' || r > 'Z' && r < 'a' || r > 'z' }); i >= 0 {
		sql = sql[:i]
	}
	return strings.ToUpper(sql)
}
