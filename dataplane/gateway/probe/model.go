package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"agentops.dev/dataplane/gateway/upstream"
)

// model answers in place of providers, inside the process: it says that it used what a check wants, or fails as a check wants.
type model struct {
	mu            sync.Mutex
	input, output int64
	// fails is how the target fails that is asked first.
	fails upstream.Class
	asked []string
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
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.asked) == 0 || m.asked[len(m.asked)-1] != r.URL.Host {
		m.asked = append(m.asked, r.URL.Host)
	}
	if m.fails != "" && r.URL.Host == m.asked[0] {
		return failing(r, m.fails)
	}
	return reply(r, http.StatusOK, fmt.Sprintf(`{"id":"probe","object":"chat.completion","model":"probe","choices":[{"index":0,"finish_reason":"stop",`+
		`"message":{"role":"assistant","content":"ok"}}],"usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d}}`, m.input, m.output, m.input+m.output)), nil
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
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r}
}
