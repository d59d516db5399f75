package paymentapi

import (
	"io"
	"net/http"
	"testing"
	"time"
)

// benchmark sends the request from many connections at once; run it with -cpu and -benchtime of your choice.
func benchmark(b *testing.B, method, target string, body func() io.Reader, status int) {
	b.Helper()
	w := newWorld(b, 10*time.Second)
	w.reads.put(completed())
	w.client.Transport = &http.Transport{MaxIdleConnsPerHost: 64}
	b.SetParallelism(16)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r, err := http.NewRequest(method, w.url+target, body())
			if err != nil {
				b.Error(err)
				return
			}
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("X-Api-Key", "pk_test_a")
			r.Header.Set("X-Api-Secret", "sk_pk_test_a")
			resp, err := w.client.Do(r)
			if err != nil {
				b.Error(err)
				return
			}
			if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != status {
				b.Errorf("status %d, %v", resp.StatusCode, err)
			}
			resp.Body.Close()
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
}

func BenchmarkGet(b *testing.B) {
	benchmark(b, "GET", path+"/"+payRef, func() io.Reader { return nil }, 200)
}
