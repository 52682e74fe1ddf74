package upstream

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/tidwall/gjson"

	"agentops.dev/dataplane/gateway/api"
	"agentops.dev/dataplane/gateway/body"
	"agentops.dev/dataplane/gateway/plan"
)

// maxAnswer bounds what is read of an answer that is not streamed.
const maxAnswer = 64 << 20

// direct sends bodies as they are. Nothing is asked twice behind the route's back: the library's client repeats a question
// on a connection that broke, and a provider could answer, and bill, both.
type direct struct {
	secrets   *Secrets
	client    *http.Client
	userAgent string
	directory *directory
}

func newDirect(s *Secrets, userAgent string) *direct {
	client := newClient()
	client.Transport.(*http.Transport).Proxy = http.ProxyFromEnvironment
	return &direct{secrets: s, userAgent: userAgent, client: client, directory: newDirectory(client)}
}

func newClient() *http.Client {
	return &http.Client{
		// A redirect would take the credential to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			ForceAttemptHTTP2:   true,
			MaxIdleConns:        4096,
			MaxIdleConnsPerHost: 1024,
			IdleConnTimeout:     30 * time.Second,
			TLSHandshakeTimeout: 10 * time.Second,
			DisableCompression:  true,
		},
	}
}

// clock ends a call whose time is over, and remembers that it did.
type clock struct {
	timer  *time.Timer
	cancel context.CancelFunc
	over   atomic.Bool
}

func newClock(cancel context.CancelFunc, d time.Duration) *clock {
	c := &clock{cancel: cancel}
	c.timer = time.AfterFunc(d, func() {
		c.over.Store(true)
		cancel()
	})
	return c
}

func (c *clock) stop() {
	c.timer.Stop()
	c.cancel()
}

// Do asks.
func (d *direct) Do(ctx context.Context, call *Call) (*Answer, *Failure) {
	return timed(ctx, call, d.send)
}

// timed sends a call and reads its answer, within the times of the target.
func timed(ctx context.Context, call *Call, send func(context.Context, *clock, *Call) (*http.Response, *Failure)) (*Answer, *Failure) {
	ctx, cancel := context.WithCancel(ctx)
	limit := newClock(cancel, time.Duration(call.Target.TimeoutMilliseconds)*time.Millisecond)
	resp, failure := send(ctx, limit, call)
	if failure != nil {
		limit.stop()
		return nil, failure
	}
	if call.Stream && isEventStream(resp.Header) {
		return &Answer{Events: newEvents(resp.Body, limit, time.Duration(call.Target.StreamIdleMilliseconds)*time.Millisecond)}, nil
	}
	defer limit.stop()
	return whole(ctx, limit, call, resp)
}

func (d *direct) send(ctx context.Context, limit *clock, call *Call) (*http.Response, *Failure) {
	prepare(call)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address(call), bytes.NewReader(call.Body.Bytes()))
	if err != nil {
		return nil, &Failure{Class: Connection, Message: err.Error()}
	}
	req.Header["Content-Type"] = []string{"application/json"}
	req.Header["User-Agent"] = []string{d.userAgent}
	if failure := d.authorize(ctx, limit, req.Header, call); failure != nil {
		return nil, failure
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return nil, broken(ctx, limit, err)
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	data, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return nil, refused(resp.StatusCode, resp.Header, data)
}

// whole reads an answer that is not streamed.
func whole(ctx context.Context, limit *clock, call *Call, resp *http.Response) (*Answer, *Failure) {
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, broken(ctx, limit, err)
	}
	if len(data) > maxAnswer || call.Stream || !body.Sound(data) || !call.API.Finished(gjson.ParseBytes(data)) {
		if e := gjson.GetBytes(data, "error"); body.Sound(data) && e.IsObject() {
			return nil, &Failure{Class: ServerError, Status: resp.StatusCode, Message: e.Get("message").String()}
		}
		return nil, &Failure{Class: InvalidResponse, Status: resp.StatusCode, Message: "the provider's answer is none of this interface"}
	}
	return &Answer{Body: data}, nil
}

// prepare writes what is the target's into the request.
func prepare(call *Call) {
	call.Body.SetText("model", call.Target.Model)
	chat := call.API.Kind() == api.ChatKind
	if call.Stream && chat {
		// Without the usage in the stream the cost would be a guess.
		call.Body.Set("stream_options", withUsage(call.Body.Raw("stream_options")))
	}
	switch {
	case !chat:
	case call.Target.Provider == plan.OpenAI:
		newerWord(call.Body)
	case call.Target.Provider == plan.Mistral:
		forMistral(call.Body)
	}
}

// forMistral leaves out what Mistral forbids: it refuses fields that it does not know, and states the usage unasked.
func forMistral(o *body.Object) {
	o.Delete("stream_options")
	if most := o.Raw("max_completion_tokens"); most != "" {
		o.Delete("max_completion_tokens")
		o.Set("max_tokens", most)
	}
}

// newerWord writes OpenAI's present name of the maximum; its reasoning models refuse the old one.
func newerWord(o *body.Object) {
	if most := o.Raw("max_tokens"); most != "" {
		o.Delete("max_tokens")
		o.Set("max_completion_tokens", most)
	}
}

func broken(ctx context.Context, limit *clock, err error) *Failure {
	var netErr net.Error
	switch {
	case limit.over.Load():
		return &Failure{Class: Timeout, Message: "the provider did not answer in time"}
	case ctx.Err() != nil:
		return &Failure{Class: Canceled, Message: "the client is gone"}
	case errors.As(err, &netErr) && netErr.Timeout():
		return &Failure{Class: Timeout, Message: "the provider did not answer in time"}
	}
	return &Failure{Class: Connection, Message: "the connection to the provider broke: " + reason(err)}
}

// reason leaves out the address, which a client need not know.
func reason(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err.Error()
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "it was closed"
	}
	return "protocol error"
}
