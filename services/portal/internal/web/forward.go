package web

import (
	"context"
	"net/http"
	"net/netip"
	"strings"

	"european-pay.eu/eupay/internal/run/trace"
)

// client is what the API is told of the browser: its limits count by network, a session shows its device, and mails are in the reader's
// language.
type client struct{ addr, agent, lang string }

type clientKey struct{}

func forward(ctx context.Context, c client) context.Context {
	return context.WithValue(ctx, clientKey{}, c)
}

// Forwarding is a transport for the client of the API, whose calls are spans. It tells the API which browser asks, in the headers that
// a reverse proxy sets: the API must trust the portal's address as it trusts a proxy's.
type Forwarding struct{ Base http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (f Forwarding) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, span := trace.Start(r.Context(), trace.Client, "API", trace.Method(r.Method), trace.Host(r.URL.Hostname()))
	r = r.Clone(ctx)
	if parent := trace.Parent(ctx); parent != "" {
		r.Header.Set(trace.Header, parent) // of which the API makes a link
	}
	if c, ok := ctx.Value(clientKey{}).(client); ok {
		r.Header.Set("X-Forwarded-For", c.addr)
		if c.agent != "" {
			r.Header.Set("User-Agent", c.agent)
		}
		if c.lang != "" {
			r.Header.Set("Accept-Language", c.lang)
		}
	}
	answer, err := f.Base.RoundTrip(r)
	if err == nil {
		span.Set(trace.Status(answer.StatusCode))
	}
	span.End(err)
	return answer, err
}

// client is the browser of a request, with the language that its reader has.
func (s *Site) client(r *http.Request, lang string) client {
	return client{addr: s.address(r), agent: r.UserAgent(), lang: lang}
}

// address is that of the browser: the last one in X-Forwarded-For that is not a trusted proxy's, if the caller is one.
func (s *Site) address(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	addr := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && s.trusts(addr); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = next.Unmap()
	}
	return addr.String()
}

func (s *Site) trusts(addr netip.Addr) bool {
	for _, p := range s.TrustedProxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
