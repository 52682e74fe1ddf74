// Package forwarder takes the LLM calls of an agent on a loopback port and hands them to the gateway under the pod's own
// identity. The agent needs a base URL and nothing else: no credential of anybody is in its container.
package forwarder

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.uber.org/zap"
)

// Type is the component's name in a configuration.
var Type = component.MustNewType("agentops_forwarder")

// Config says where calls come from and where they go.
type Config struct {
	// Listen is the address for the agent's clients; it must be a loopback address.
	Listen string `mapstructure:"listen"`
	// Gateway is its base URL, for example http://agentops-gateway.agentops-system.svc:4000. Empty: nothing listens.
	Gateway string `mapstructure:"gateway"`
	// TokenFile holds the service-account token. It is read for every call, since the kubelet rotates it.
	TokenFile string `mapstructure:"token_file"`
	// OnGatewayDown is Refuse or Direct: with Direct a call that cannot reach the gateway goes to the provider with the
	// credential that the agent itself sent.
	OnGatewayDown string `mapstructure:"on_gateway_down"`
	// OpenAI and Anthropic are the providers' own addresses, for Direct.
	OpenAI    string `mapstructure:"openai"`
	Anthropic string `mapstructure:"anthropic"`
}

// Values of OnGatewayDown.
const (
	Refuse = "Refuse"
	Direct = "Direct"
)

// Validate names field, value and mend.
func (c *Config) Validate() error {
	if c.Gateway == "" {
		return nil
	}
	if c.OnGatewayDown != Refuse && c.OnGatewayDown != Direct {
		return fmt.Errorf("on_gateway_down: %q is neither %s nor %s", c.OnGatewayDown, Refuse, Direct)
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("listen: %q is no loopback address with a port, such as 127.0.0.1:4319: others could spend in the agent's name", c.Listen)
	}
	return errors.Join(absolute("gateway", c.Gateway), absolute("openai", c.OpenAI), absolute("anthropic", c.Anthropic))
}

func absolute(field, text string) error {
	if u, err := url.Parse(text); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("%s: %q is no http or https URL", field, text)
	}
	return nil
}

// NewFactory makes the extension.
func NewFactory(witness Witness) extension.Factory {
	defaults := func() component.Config {
		return &Config{OnGatewayDown: Refuse, OpenAI: "https://api.openai.com", Anthropic: "https://api.anthropic.com"}
	}
	return extension.NewFactory(Type, defaults,
		func(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
			return &forwarder{config: cfg.(*Config), witness: witness, log: set.Logger}, nil
		}, component.StabilityLevelBeta)
}

type forwarder struct {
	config  *Config
	witness Witness
	log     *zap.Logger
	server  *http.Server
	proxy   *proxy
}

func (f *forwarder) Start(context.Context, component.Host) error {
	if f.config.Gateway == "" {
		return nil
	}
	listener, err := net.Listen("tcp", f.config.Listen)
	if err != nil {
		return err
	}
	f.proxy = newProxy(f.config, f.witness, f.log)
	// No limit on the whole call: an answer may stream for minutes, and the gateway has the limits.
	f.server = &http.Server{Handler: f.proxy, ReadHeaderTimeout: 10 * time.Second, ErrorLog: zap.NewStdLog(f.log)}
	go func() {
		if err := f.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			f.log.Error("the forwarder ended", zap.Error(err))
		}
	}()
	return nil
}

// Shutdown lets open calls end for as long as the context allows, then cuts them.
func (f *forwarder) Shutdown(ctx context.Context) error {
	if f.server == nil {
		return nil
	}
	if err := f.server.Shutdown(ctx); err != nil {
		return f.server.Close()
	}
	f.proxy.close()
	return nil
}
