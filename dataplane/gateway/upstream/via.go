package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"agentops.dev/dataplane/gateway/body"
)

// What passes between the shared gateway and one in a tenant's namespace, beside the path of the interface and the body.
const (
	// TargetHeader names the target in the plan of the tenant's gateway.
	TargetHeader = "X-Agentops-Target"
	// AgentHeader holds what the agent itself showed: the shared gateway's own token is good in every namespace, and one that
	// was caught in one of them must not open another.
	AgentHeader = "X-Agentops-Agent"
	// StatusFailure is the status of a failure that is told in full: of the provider, not of the gateway.
	StatusFailure = http.StatusFailedDependency
)

// via asks the gateway of a tenant's namespace, which has the credential and speaks the provider's language.
type via struct {
	token     string
	userAgent string
	client    *http.Client
}

func newVia(token, userAgent string) *via {
	return &via{token: token, userAgent: userAgent, client: newClient()}
}

// Do asks. The clocks are those of a target that is asked directly, so what the gateway between does slowly counts too.
func (v *via) Do(ctx context.Context, call *Call) (*Answer, *Failure) {
	return timed(ctx, call, v.send)
}

func (v *via) send(ctx context.Context, limit *clock, call *Call) (*http.Response, *Failure) {
	req, err := v.request(ctx, call)
	if err != nil {
		return nil, &Failure{Class: Connection, Message: err.Error()}
	}
	resp, err := v.client.Do(req)
	if err != nil {
		return nil, broken(ctx, limit, err)
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	data, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return nil, failureIn(resp.StatusCode, data, req.URL)
}

func (v *via) request(ctx context.Context, call *Call) (*http.Request, error) {
	// Read each time: the kubelet renews it.
	token, err := os.ReadFile(v.token)
	if err != nil {
		return nil, fmt.Errorf("the token for gateways of tenants is not there")
	}
	address := strings.TrimRight(call.Target.Via, "/") + "/v1" + paths[call.API.Kind()]
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(call.Body.Bytes()))
	if err != nil {
		return nil, err
	}
	req.Header["Content-Type"] = []string{"application/json"}
	req.Header["User-Agent"] = []string{v.userAgent}
	req.Header["Authorization"] = []string{"Bearer " + strings.TrimSpace(string(token))}
	req.Header[AgentHeader] = []string{call.Token}
	req.Header[TargetHeader] = []string{call.Name}
	if call.Beta != "" {
		req.Header["Anthropic-Beta"] = []string{call.Beta}
	}
	return req, nil
}

// told is a failure as one gateway tells it to the other.
type told struct {
	Class                  Class  `json:"class"`
	Status                 int    `json:"status,omitempty"`
	Message                string `json:"message,omitempty"`
	Type                   string `json:"type,omitempty"`
	Code                   string `json:"code,omitempty"`
	Param                  string `json:"param,omitempty"`
	RetryAfterMilliseconds int64  `json:"retryAfterMilliseconds,omitempty"`
}

// WriteFailure tells a failure to the shared gateway, which decides what follows.
func WriteFailure(w http.ResponseWriter, f *Failure) {
	w.Header()["Content-Type"] = []string{"application/json"}
	w.WriteHeader(StatusFailure)
	_ = json.NewEncoder(w).Encode(told{f.Class, f.Status, f.Message, f.Type, f.Code, f.Param, f.RetryAfter.Milliseconds()})
}

// classes are those that a gateway of a tenant may tell. The tenant may have put anything in its place, and a class that
// nobody knows would fall through to none of the route's reactions.
var classes = map[Class]bool{RateLimited: true, ServerError: true, Timeout: true, Connection: true, Unauthorized: true,
	InvalidResponse: true, ClientError: true, Unsupported: true}

// failureIn reads a failure. Anything else is the gateway's own: it is away, does not know the target yet, or refused us.
func failureIn(status int, data []byte, address *url.URL) *Failure {
	var f told
	if status == StatusFailure && body.Sound(data) && json.Unmarshal(data, &f) == nil && classes[f.Class] {
		if f.Status < 400 || f.Status > 599 {
			f.Status = http.StatusBadGateway
		}
		return &Failure{Class: f.Class, Status: f.Status, Message: f.Message, Type: f.Type, Code: f.Code, Param: f.Param,
			RetryAfter: time.Duration(max(0, min(f.RetryAfterMilliseconds, 1e9))) * time.Millisecond}
	}
	return &Failure{Class: Connection, Status: status, Message: fmt.Sprintf("the gateway %s answered HTTP %d", address.Hostname(), status)}
}
