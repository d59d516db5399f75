package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// pagePaths are the paths of the pages that people see. Everything else is the API's.
var pagePaths = []string{
	"/", "/portal", "/portal/*", "/docs", "/docs/*", "/docs.md", "/llms.txt", "/pay", "/pay/*", "/order/*", "/l/*", "/app", "/app/*", "/assets/*", "/preferences",
	"/sandbox/*", "/robots.txt", "/favicon.ico",
}

// RegisterPages hands the requests for pages on to the portal at that URL, where no ingress does so. The portal sees the caller's address
// in X-Forwarded-For: that which the API counts.
func RegisterPages(e *echo.Echo, portal string, log *slog.Logger) error {
	handler, err := forward(portal, e.IPExtractor, log)
	if err != nil {
		return err
	}
	for _, path := range pagePaths {
		e.Any(path, handler)
	}
	return nil
}

// mailPaths are those of the sandbox mailbox's pages.
var mailPaths = []string{"/sandbox/mail", "/sandbox/mail/*"}

// RegisterMailbox hands requests for the pages of the sandbox mailbox at that URL on. Mails let their readers into accounts, so this is for
// development only, and a request that comes from elsewhere, as through a tunnel, finds nothing.
func RegisterMailbox(e *echo.Echo, mailbox string, log *slog.Logger) error {
	handler, err := forward(mailbox, e.IPExtractor, log)
	if err != nil {
		return err
	}
	for _, path := range mailPaths {
		e.GET(path, func(c echo.Context) error {
			if !OnThisMachine("http://" + c.Request().Host) {
				return echo.ErrNotFound
			}
			return handler(c)
		})
	}
	return nil
}

// OnThisMachine reports whether a URL names this machine by its loopback.
func OnThisMachine(text string) bool {
	u, err := url.Parse(text)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || (err == nil && ip.IsLoopback())
}

// forward hands requests on to a server of pages. caller finds the address that a request came from.
func forward(to string, caller echo.IPExtractor, log *slog.Logger) (echo.HandlerFunc, error) {
	target, err := url.Parse(to)
	if err != nil {
		return nil, fmt.Errorf("parse the URL of pages: %w", err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // forms are held against it
			r.SetXForwarded()
			r.Out.Header.Set(echo.HeaderXForwardedFor, caller(r.In)) // not that of a proxy before us
		},
		FlushInterval: -1, // events go on at once
		ErrorLog:      slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			log.WarnContext(r.Context(), "a server of pages does not answer", "error", err)
			http.Error(w, "The page is not available right now. Try again in a moment.", http.StatusBadGateway)
		},
	}
	return func(c echo.Context) error {
		w, r := c.Response(), c.Request()
		for _, name := range []string{"Content-Security-Policy", "X-Frame-Options", "Referrer-Policy", "Cache-Control", "X-Content-Type-Options", "Strict-Transport-Security"} {
			w.Header().Del(name) // pages have rules of their own
		}
		if strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
			conn := http.NewResponseController(w)
			if err := conn.SetReadDeadline(time.Time{}); err != nil {
				return fmt.Errorf("begin event stream: %w", err)
			}
			if err := conn.SetWriteDeadline(time.Time{}); err != nil {
				return fmt.Errorf("begin event stream: %w", err)
			}
		}
		proxy.ServeHTTP(w, r)
		return nil
	}, nil
}
