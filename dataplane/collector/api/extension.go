// Package api is the relay's own interface: sidecars report to it, the operator and people read from it, and Prometheus
// scrapes it.
package api

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.uber.org/zap"

	"agentops.dev/dataplane/collector/relay"
	"agentops.dev/dataplane/collector/store"
	"agentops.dev/dataplane/collector/volume"
	"agentops.dev/dataplane/identity"
)

// Type is the component's name in a configuration.
var Type = component.MustNewType("agentops_api")

// Config says where to listen.
type Config struct {
	// Endpoint of the API.
	Endpoint string `mapstructure:"endpoint"`
	// MetricsEndpoint serves /metrics without authentication, as scrapers want it. Empty: none.
	MetricsEndpoint string `mapstructure:"metrics_endpoint"`
	// Upstream is the address of the prometheus exporter whose metrics are served along. Empty: none.
	Upstream string `mapstructure:"upstream"`
}

// Relay is what the API shows.
type Relay struct {
	ID       string
	Version  string
	Operator string // the subject that may read all namespaces
	Verifier *identity.Verifier
	Agents   *relay.Agents
	Fleet    *relay.Fleet
	Backends *relay.Backends
	Config   *relay.Config
	Volume   *volume.Volume
	Store    *store.Store
	Registry *prometheus.Registry
	Canary   int // port on which the relay greets; 0: none
}

// NewFactory makes the extension.
func NewFactory(r *Relay) extension.Factory {
	defaults := func() component.Config {
		return &Config{Endpoint: "0.0.0.0:4320", MetricsEndpoint: "0.0.0.0:8889", Upstream: "127.0.0.1:8888"}
	}
	return extension.NewFactory(Type, defaults,
		func(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
			return &api{config: cfg.(*Config), relay: r, log: set.Logger}, nil
		}, component.StabilityLevelBeta)
}

type api struct {
	config  *Config
	relay   *Relay
	log     *zap.Logger
	servers []*http.Server
}

func (a *api) Start(ctx context.Context, _ component.Host) error {
	if err := a.serve(ctx, a.config.Endpoint, a.routes()); err != nil {
		return err
	}
	if a.config.MetricsEndpoint == "" {
		return nil
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", a.metrics)
	return a.serve(ctx, a.config.MetricsEndpoint, mux)
}

func (a *api) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("POST /v1/report", a.report)
	mux.HandleFunc("GET /v1/observations", a.observations)
	mux.HandleFunc("GET /v1/traces", func(w http.ResponseWriter, r *http.Request) { a.read(w, r, store.Traces) })
	mux.HandleFunc("GET /v1/history", a.history)
	mux.HandleFunc("GET /v1/logs", func(w http.ResponseWriter, r *http.Request) { a.read(w, r, store.Logs) })
	return mux
}

func (a *api) serve(ctx context.Context, endpoint string, handler http.Handler) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", endpoint)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: handler,
		// A client that sends one byte a minute must not hold a connection for ever.
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
	}
	a.servers = append(a.servers, server)
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			a.log.Error("the API ended", zap.Error(err))
		}
	}()
	return nil
}

func (a *api) Shutdown(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	for _, s := range a.servers {
		if s.Shutdown(ctx) != nil {
			_ = s.Close() // a reader who does not read must not hold up a new configuration
		}
	}
	return nil
}
