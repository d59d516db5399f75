package stack_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/cmd/internal/stack"
	"european-pay.eu/eupay/internal/kit/pgtest"
)

// post sends JSON with a login and returns the answer.
func post(tb testing.TB, s *stack.Stack, login, path, body string) map[string]any {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, s.URL()+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if login != "" {
		req.Header.Set("Authorization", "Bearer "+login)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode >= http.StatusMultipleChoices {
		tb.Fatal(path, resp.StatusCode, answer, err)
	}
	return answer
}

// BenchmarkMenu reads a menu of 40 products through the gateway, each time from another address, compressed as browsers
// ask for it.
func BenchmarkMenu(b *testing.B) {
	url := pgtest.Empty(b)
	s, err := stack.Start(b.Context(), stack.Options{
		Dir: b.TempDir(), DatabaseURL: url, Log: slog.New(slog.DiscardHandler), Env: map[string]string{"EUPAY_TRUSTED_PROXIES": "127.0.0.1", "EUPAY_BCRYPT_COST": "4"},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Stop)
	login, _ := post(b, s, "", "/auth/register", `{"email":"bench@example.com","password":"correct horse battery","name":"Bench","iban":"FR7630006000011234567890189"}`)["token"].(string)
	qrURL, _ := post(b, s, login, "/table-order/tables", `{"name":"Table 4","zone":"Terrasse","capacity":4}`)["qr_url"].(string)
	_, pair, _ := strings.Cut(qrURL, "/order/")
	merchant, _, _ := strings.Cut(pair, "/")
	db, err := pgx.Connect(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close(b.Context())
	for i := range 40 {
		_, err := db.Exec(b.Context(), `insert into qr.products (id, merchant_id, name, description, category, price_ttc, vat_rate, stock_quantity, image_url, is_available, search_key,
			created_at, updated_at) values ($1::text::uuid, $2, $3, 'With a word or two on what is in it and where it comes from.', $4, 350, 100, 500,
			'https://cdn.european-pay.fr/product-images/' || $1::text || '.jpg', true, lower($3::text), now(), now())`,
			uuid.NewString(), merchant, fmt.Sprintf("Product %d", i), fmt.Sprintf("category %d", i%5))
		if err != nil {
			b.Fatal(err)
		}
	}
	if _, err := db.Exec(b.Context(), `update qr.menu_versions set version = version + 1`); err != nil {
		b.Fatal(err)
	}
	host := strings.TrimPrefix(s.URL(), "http://")
	var guests, bytes atomic.Uint64
	b.SetParallelism(16)
	before := cpuTime(b)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		conn, err := net.Dial("tcp", host)
		if err != nil {
			b.Error(err)
			return
		}
		defer conn.Close()
		r := bufio.NewReaderSize(conn, 16<<10)
		for pb.Next() {
			n := guests.Add(1)
			fmt.Fprintf(conn, "GET /api/v1/table-order/menu/%s HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nX-Forwarded-For: 10.%d.%d.%d\r\n\r\n", pair, n>>16&255, n>>8&255, n&255)
			resp, err := http.ReadResponse(r, nil)
			if err != nil {
				b.Error(err)
				return
			}
			size, err := io.Copy(io.Discard, resp.Body)
			if err != nil || resp.StatusCode != http.StatusOK || size == 0 {
				b.Errorf("%d, %v", resp.StatusCode, err)
				return
			}
			bytes.Store(uint64(size))
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
	b.ReportMetric(float64(bytes.Load()), "bytes")
	// Of everything, the load itself included: what the machine's cores can do when nothing else runs.
	b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

// cpuTime is what this process has used of the processor.
func cpuTime(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
