package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel"

	"agentops.dev/dataplane/gateway/admin"
	"agentops.dev/dataplane/gateway/configmap"
	"agentops.dev/dataplane/gateway/live"
	"agentops.dev/dataplane/gateway/probe"
	"agentops.dev/dataplane/gateway/route"
	"agentops.dev/dataplane/gateway/serve"
	"agentops.dev/dataplane/gateway/store"
	"agentops.dev/dataplane/gateway/telemetry"
	"agentops.dev/dataplane/gateway/tenant"
	"agentops.dev/dataplane/gateway/upstream"
	"agentops.dev/dataplane/identity"
	"agentops.dev/dataplane/limits"
)

// process is a gateway that runs.
type process struct {
	Settings
	log      *slog.Logger
	live     *live.Live
	store    *store.Store
	watch    *admin.Watch
	board    *route.Board
	clients  *upstream.Clients
	server   front
	prober   *probe.Prober
	follower *configmap.Follower // nil where only the file is looked at
	spans    *telemetry.Spans
	registry *prometheus.Registry
	verifier *identity.Verifier
	history  telemetry.History
	holds    *holds
}

// front answers calls, until the process ends.
type front interface {
	http.Handler
	Connected(ctx context.Context, c net.Conn) context.Context
	Leave()
	Leaving() bool
	Drain()
	Open() int64
}

// storeTimeout is how long one step on the state store may take. A disk that is slow for a moment must not refuse calls that
// take seconds anyway.
const storeTimeout = time.Second

// holdsEvery is how often the runs that wait are counted; it costs as much as there are.
const holdsEvery = 5 * time.Second

// lingering is the part of the time to drain, as a divisor, in which new calls are still taken.
const lingering = 5

// storeConnections is enough for a thousand calls a second on a store whose disk takes 50 ms: with fewer, calls would wait
// for a connection and not for the store. They are opened when they are needed.
const storeConnections = 128

// Run runs a gateway until the context ends, and then until its open calls have ended.
func Run(ctx context.Context, s Settings) error {
	p, err := assemble(ctx, s)
	if err != nil {
		return err
	}
	return p.run(ctx)
}

func assemble(ctx context.Context, s Settings) (*process, error) {
	p := &process{Settings: s, log: slog.New(slog.NewJSONHandler(os.Stderr, nil)), live: live.New(time.Now), watch: admin.NewWatch(time.Now),
		board: route.NewBoard(), clients: upstream.NewClients(s.Secrets, s.TenantToken, "agentops-gateway/"+s.Version), registry: prometheus.NewRegistry()}
	p.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	refused := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "agentops_gateway_refused_total", Help: "Tokens that were not accepted, by reason."}, []string{"reason"})
	p.registry.MustRegister(refused)
	p.verifier = identity.NewVerifier(identity.NewKeys(s.Issuer, time.Now), func(string, string) string { return "" },
		func(r identity.Reason) { refused.WithLabelValues(string(r)).Inc() }, time.Now)
	if s.Tenant.Namespace != "" {
		p.server = tenant.New(tenant.Options{Live: p.live, Verifier: p.verifier, Clients: p.clients, Namespace: s.Tenant.Namespace,
			Gateway: s.Tenant.Gateway, MaxBody: 2 * s.MaxBody, Now: time.Now})
		p.gauges()
		return p, nil
	}
	if s.Store.URL != "" {
		opened, err := store.Open(s.Store, limits.Options{Timeout: storeTimeout, Pool: storeConnections}, p.log)
		if err != nil {
			return nil, err
		}
		p.store = opened
	}
	sinks := telemetry.Sinks{telemetry.NewMetrics(p.registry)}
	if s.OTLPEndpoint != "" {
		otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { p.log.Warn("spans are lost", "error", err.Error()) }))
		spans, err := telemetry.NewSpans(ctx, s.OTLPEndpoint, s.OTLPToken, s.ID, s.Version)
		if err != nil {
			return nil, fmt.Errorf("AGENTOPS_OTLP_ENDPOINT: %w", err)
		}
		p.spans = spans
		sinks = append(sinks, spans)
	}
	p.history = sinks
	if p.store != nil {
		p.holds = &holds{store: p.store.Client, history: sinks}
	}
	o := serve.Options{Live: p.live, Verifier: p.verifier, Clients: p.clients, Board: p.board, Sink: sinks, MaxBody: s.MaxBody, CacheMiB: s.CacheMiB, Now: time.Now}
	if p.store != nil {
		o.Store = p.store
	}
	p.server = serve.New(o)
	p.prober = p.newProber(o)
	if s.PlanConfigMap != "" {
		var err error
		if p.follower, err = configmap.New(s.API, s.PlanConfigMap, filepath.Base(s.Plan), time.Now); err != nil {
			return nil, fmt.Errorf("AGENTOPS_PLAN_CONFIG_MAP: %w", err)
		}
	}
	p.gauges()
	return p, nil
}

func (p *process) run(ctx context.Context) error {
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	p.followPlan(working)
	if p.store != nil {
		go p.watch.Run(working, 2*time.Second, p.store.Ready, p.store.Forgets)
		go p.holds.run(working, holdsEvery)
	}
	if p.prober != nil {
		go p.prober.Run(working, p.server.Leaving)
	}
	failed := make(chan error, 3)
	servers := []*http.Server{
		{Handler: p.server, ConnContext: p.server.Connected, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10},
		{Handler: p.admin(), ReadHeaderTimeout: 10 * time.Second},
		{Handler: p.metrics(), ReadHeaderTimeout: 10 * time.Second},
	}
	for i, address := range []string{p.Listen, p.AdminListen, p.Metrics} {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		go func() { failed <- servers[i].Serve(l) }()
	}
	p.log.Info("gateway runs", "listen", p.Listen, "version", p.Version, "plan", p.live.State().Digest)
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	return p.drain(servers)
}

// drain lets open calls end. Not ready first, and for a while calls are taken all the same: until every node knows that
// nobody new is to be sent here, a port that is closed would be an error to somebody. The admin port closes last.
func (p *process) drain(servers []*http.Server) error {
	p.log.Info("gateway drains", "open", p.server.Open())
	p.server.Leave()
	time.Sleep(p.Drain / lingering)
	p.server.Drain()
	ctx, cancel := context.WithTimeout(context.Background(), p.Drain-p.Drain/lingering)
	defer cancel()
	err := servers[0].Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		// Handlers whose connection closes settle their calls by what came until now.
		_ = servers[0].Close()
		for range 100 {
			if p.server.Open() == 0 {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	last, done := context.WithTimeout(context.Background(), 5*time.Second)
	defer done()
	if p.store != nil {
		_ = p.store.Close()
	}
	if p.spans != nil {
		_ = p.spans.Shutdown(last)
	}
	for _, s := range servers[1:] {
		_ = s.Close()
	}
	p.log.Info("gateway ended", "open", p.server.Open())
	return nil
}

func (p *process) admin() http.Handler {
	g := &admin.Gateway{ID: p.ID, Version: p.Version, StartedAt: time.Now().UTC(), Operator: p.Operator, Live: p.live, Verifier: p.verifier,
		Board: p.board, Missing: p.clients.Missing, Draining: p.server.Leaving, Store: p.watch, Probes: p.prober.State, Now: time.Now, History: p.history, Lends: p.Tenant.Namespace != ""}
	if p.store != nil {
		g.Usage, g.People = p.store, p.store
	}
	return g.Handler()
}

func (p *process) metrics() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(p.registry, promhttp.HandlerOpts{}))
	return mux
}
