package forwarder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"time"

	"go.uber.org/zap"
)

// dialTimeout is how long a gateway that does not answer at all holds up a call.
const dialTimeout = 2 * time.Second

type proxy struct {
	config    *Config
	log       *zap.Logger
	transport *http.Transport
	gateway   *httputil.ReverseProxy
	direct    *httputil.ReverseProxy
	witness   Witness
	outage    *outage
}

func newProxy(config *Config, witness Witness, log *zap.Logger) *proxy {
	p := &proxy{config: config, log: log, witness: witness, outage: newOutage(config, witness, log)}
	dialer := net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	// No proxy from the environment: the call carries the pod's token. No compression: it would hold streams back.
	p.transport = &http.Transport{
		DialContext: dialer.DialContext, MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute, DisableCompression: true,
	}
	p.gateway = p.to(func(string) string { return config.Gateway }, p.onGatewayError)
	p.gateway.ModifyResponse = func(*http.Response) error {
		p.outage.over()
		return nil
	}
	p.direct = p.to(func(path string) string {
		if isAnthropic(path) {
			return config.Anthropic
		}
		return config.OpenAI
	}, p.onProviderError)
	return p
}

// to makes a proxy that streams: every piece of an answer leaves at once.
func (p *proxy) to(base func(path string) string, onError func(http.ResponseWriter, *http.Request, error)) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Transport: p.transport, FlushInterval: -1, ErrorHandler: onError, ErrorLog: zap.NewStdLog(p.log),
		Rewrite: func(r *httputil.ProxyRequest) {
			target, _ := url.Parse(base(r.In.URL.Path)) // Validate has parsed it before
			r.SetURL(target)
		},
	}
}

func (p *proxy) close() {
	p.outage.over()
	p.transport.CloseIdleConnections()
}

// ServeHTTP forwards one call under the pod's identity.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token, err := readToken(p.config.TokenFile)
	if err != nil {
		p.log.Warn("a call was refused: no identity", zap.Error(err))
		refuse(w, r, tokenUnavailable)
		return
	}
	call := r.Clone(context.WithValue(r.Context(), original{}, r))
	// A transport closes the body when it cannot connect; the same body may still go to the provider then.
	call.Body = io.NopCloser(r.Body)
	call.Header.Del("X-Api-Key")
	call.Header.Set("Authorization", "Bearer "+token)
	p.gateway.ServeHTTP(w, call)
}

// original is the context key of the request as the agent sent it.
type original struct{}

func (p *proxy) onGatewayError(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) {
		return // the agent went away
	}
	p.outage.begin(err)
	if own, ok := r.Context().Value(original{}).(*http.Request); ok && p.config.OnGatewayDown == Direct && notConnected(err) {
		p.witness.Direct()
		w.Header().Set("X-Agentops-Route", "direct")
		p.direct.ServeHTTP(w, own)
		return
	}
	p.witness.Unserved()
	refuse(w, r, gatewayUnreachable)
}

func (p *proxy) onProviderError(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	p.log.Warn("the provider cannot be reached directly", zap.String("error", plain(err)))
	refuse(w, r, providerUnreachable)
}

// notConnected tells that no byte of the call was sent, so that it may go elsewhere without being done twice.
func notConnected(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

func readToken(file string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("service-account token: %w", err)
	}
	return strings.TrimSpace(string(data)), nil
}

// plain is an error without the URL.
func plain(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return err.Error()
}
