package probe

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/tidwall/gjson"

	"agentops.dev/dataplane/gateway/upstream"
)

// model answers in place of providers, inside the process: it says that it used what a check wants, or fails as a check wants.
type model struct {
	mu            sync.Mutex
	input, output int64
	// fails is how the target fails that is asked first.
	fails upstream.Class
	asked []string
	// says is what each of its answers is; nil: one answer that says little.
	says []string
	// got is the last request.
	got []byte
}

// reports sets what each answer says that it used.
func (m *model) reports(input, output int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.input, m.output = input, output
}

// targets that were asked, in order, each once.
func (m *model) targets() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.asked
}

// RoundTrip implements http.RoundTripper.
func (m *model) RoundTrip(r *http.Request) (*http.Response, error) {
	var got []byte
	if r.Body != nil {
		got, _ = io.ReadAll(r.Body)
		_ = r.Body.Close()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.got = got
	if len(m.asked) == 0 || m.asked[len(m.asked)-1] != r.URL.Host {
		m.asked = append(m.asked, r.URL.Host)
	}
	if m.fails != "" && r.URL.Host == m.asked[0] {
		return failing(r, m.fails)
	}
	if gjson.GetBytes(got, "stream").Bool() {
		return replyAs(r, http.StatusOK, "text/event-stream", m.streamed()), nil
	}
	return reply(r, http.StatusOK, m.whole()), nil
}

// received is the last request.
func (m *model) received() gjson.Result {
	m.mu.Lock()
	defer m.mu.Unlock()
	return gjson.ParseBytes(m.got)
}

// failing is how providers fail, as the upstream client sees it.
func failing(r *http.Request, class upstream.Class) (*http.Response, error) {
	switch class {
	case upstream.Connection:
		return nil, errors.New("the probe's model closed the connection")
	case upstream.Timeout:
		return nil, context.DeadlineExceeded
	case upstream.RateLimited:
		return reply(r, http.StatusTooManyRequests, "{}"), nil
	case upstream.Unauthorized:
		return reply(r, http.StatusUnauthorized, "{}"), nil
	case upstream.InvalidResponse:
		return reply(r, http.StatusOK, "no JSON"), nil
	}
	return reply(r, http.StatusInternalServerError, "{}"), nil
}

func reply(r *http.Request, status int, body string) *http.Response {
	return replyAs(r, status, "application/json", body)
}

func replyAs(r *http.Request, status int, kind, body string) *http.Response {
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {kind}},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r}
}
