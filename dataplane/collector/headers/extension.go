package headers

import (
	"context"
	"net/http"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensionauth"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// Outcomes is told how requests to backends end.
type Outcomes interface {
	// Declare says that a configuration holds the backend, Withdraw that it no longer does.
	Declare(backend string)
	Withdraw(backend string)
	Delivered(backend string)
	Failed(backend, reason string)
	CredentialMissing(backend, detail string)
}

type headers struct {
	config   *Config
	backend  string
	outcomes Outcomes
}

var (
	_ extension.Extension            = (*headers)(nil)
	_ extensionauth.HTTPClient       = (*headers)(nil)
	_ extensionauth.GRPCClient       = (*headers)(nil)
	_ extensionmiddleware.GRPCClient = (*headers)(nil)
)

// NewFactory makes authenticators that all report to the same place.
func NewFactory(outcomes Outcomes) extension.Factory {
	return extension.NewFactory(Type, func() component.Config { return &Config{} },
		func(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
			c := cfg.(*Config)
			backend := c.Backend
			if backend == "" {
				backend = set.ID.Name()
			}
			return &headers{config: c, backend: backend, outcomes: outcomes}, nil
		}, component.StabilityLevelBeta)
}

func (h *headers) Start(context.Context, component.Host) error {
	h.outcomes.Declare(h.backend)
	return nil
}

func (h *headers) Shutdown(context.Context) error {
	h.outcomes.Withdraw(h.backend)
	return nil
}

// RoundTripper serves exporters that speak HTTP.
func (h *headers) RoundTripper(base http.RoundTripper) (http.RoundTripper, error) {
	return &roundTripper{headers: h, base: base}, nil
}

// PerRPCCredentials serves exporters that speak gRPC.
func (h *headers) PerRPCCredentials() (credentials.PerRPCCredentials, error) {
	return rpcCredentials{h}, nil
}

// GetGRPCClientOptions makes the outcome of calls visible; name the extension under "middlewares" too.
func (h *headers) GetGRPCClientOptions(context.Context) ([]grpc.DialOption, error) {
	return []grpc.DialOption{grpc.WithChainUnaryInterceptor(h.observe)}, nil
}
