package gateway

import (
	"github.com/prometheus/client_golang/prometheus"

	"agentops.dev/dataplane/gateway/probe"
	"agentops.dev/dataplane/gateway/serve"
	"agentops.dev/dataplane/gateway/telemetry"
)

// newProber checks the limits of the plan in force with the options of the server that serves agents.
func (p *process) newProber(o serve.Options) *probe.Prober {
	made := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "agentops_gateway_probes_total", Help: "Checks of limits by what came of them."}, []string{"result"})
	p.registry.MustRegister(made)
	for _, r := range []probe.Result{probe.Observed, probe.NotObserved, probe.Waiting} {
		made.WithLabelValues(string(r))
	}
	var store probe.Store
	if p.store != nil {
		store = p.store
	}
	prober := probe.New(o, store, p.ID, func(r probe.Result) { made.WithLabelValues(string(r)).Inc() })
	telemetry.Gauges(p.registry, map[string]func() float64{"probe_oldest_seconds": func() float64 { return prober.Oldest().Seconds() }},
		map[string]string{"probe_oldest_seconds": "Age of the oldest evidence on a limit of the plan in force."})
	telemetry.NewReader(p.registry, "probe_checks", "Limits of the plan in force by what was seen of them.", []string{"result"}, func(tell func(float64, ...string)) {
		for r, n := range prober.Counts() {
			tell(float64(n), string(r))
		}
	})
	return prober
}
