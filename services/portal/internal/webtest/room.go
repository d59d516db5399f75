package webtest

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// Room is the pages of one room, and a browser that is logged in.
type Room struct {
	kit *Kit

	mu sync.Mutex
	// answers are what the API says, by method and path: a status and a body.
	answers map[string]answer
	asked   []string
}

type answer struct {
	status int
	body   string
}

// NewRoom serves the pages to somebody with the role.
func NewRoom(t *testing.T, role eupay.Role, register func(*web.Site) error) *Room {
	t.Helper()
	r := &Room{answers: map[string]answer{}}
	r.kit = ServeUsers(t, http.HandlerFunc(r.api), register)
	r.kit.LogIn(role)
	return r
}

// URL is that of the pages and of the API.
func (r *Room) URL() string { return r.kit.URL }

// Answer sets what the API says to a request, such as "GET /merchant/api-keys".
func (r *Room) Answer(request string, status int, body string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers[request] = answer{status, body}
}

func (r *Room) api(w http.ResponseWriter, hr *http.Request) {
	body, err := io.ReadAll(hr.Body)
	request := hr.Method + " " + hr.URL.Path
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, request+" "+string(body))
	a, ok := r.answers[request]
	if !ok || err != nil {
		a = answer{http.StatusNotFound, `{"code":"NOT_FOUND","message":"Not found."}`}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	io.WriteString(w, a.body) //nolint:errcheck // the client has gone
}

// Asked is the last request with that beginning that the API got, with its body; empty: none.
func (r *Room) Asked(request string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := len(r.asked) - 1; i >= 0; i-- {
		if strings.HasPrefix(r.asked[i], request+" ") {
			return r.asked[i]
		}
	}
	return ""
}

// Get opens a page and returns its status and text.
func (r *Room) Get(path string) (int, string) {
	status, text, _ := r.do(http.MethodGet, path, nil)
	return status, text
}

// Post sends a form and returns the status, the text and where it leads.
func (r *Room) Post(path string, pairs ...string) (int, string, string) {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return r.do(http.MethodPost, path, form)
}

func (r *Room) do(method, path string, form url.Values) (int, string, string) {
	r.kit.t.Helper()
	got := r.kit.Do(method, path, strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded")
	return got.Status, got.Body, got.Header.Get("Location")
}
