package relay

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"agentops.dev/dataplane/collector/report"
)

// Counters count what concerns the relay itself.
type Counters struct {
	refused, rejected *prometheus.CounterVec
	storeFailed       prometheus.Counter
}

// NewCounters registers them.
func NewCounters(registry prometheus.Registerer) *Counters {
	c := &Counters{
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "agentops_relay_refused_total", Help: "Requests whose token was refused."}, []string{"reason"}),
		rejected: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "agentops_backend_rejected_total", Help: "Items that a backend's full queue had no room for."}, []string{"backend"}),
		storeFailed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "agentops_store_failed_total", Help: "Items that the trace store could not write."}),
	}
	registry.MustRegister(c.refused, c.rejected, c.storeFailed)
	return c
}

// Refused counts a refused token.
func (c *Counters) Refused(reason string) { c.refused.WithLabelValues(reason).Inc() }

// Rejected counts items that a backend's queue had no room for.
func (c *Counters) Rejected(backend string, items int) {
	c.rejected.WithLabelValues(backend).Add(float64(items))
}

// StoreFailed counts items that were not stored.
func (c *Counters) StoreFailed(items int) { c.storeFailed.Add(float64(items)) }

// state turns what the relay knows into metrics at each scrape, so that pods that ended leave no series behind.
type state struct {
	fleet    *Fleet
	backends *Backends
	config   *Config
	bytes    func() int64
	full     func() string
}

// Register makes the relay's state visible as metrics.
func Register(registry prometheus.Registerer, f *Fleet, b *Backends, c *Config, storeBytes func() int64, full func() string) {
	registry.MustRegister(&state{f, b, c, storeBytes, full})
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	maskedDesc   = describe("agentops_masked_total", "Values masked, by rule.", "namespace", "agent", "rule")
	droppedDesc  = describe("agentops_mask_dropped_total", "Items that could not be masked and were not forwarded.", "namespace", "agent")
	directDesc   = describe("agentops_calls_direct_total", "Model calls that went to the provider past the gateway, which could not be reached.", "namespace", "agent")
	unservedDesc = describe("agentops_calls_unserved_total", "Model calls that were refused in the pod because the gateway could not be reached.", "namespace", "agent")
	receivedDesc = describe("agentops_spans_received_total", "Spans received.", "namespace", "agent")
	leaksDesc    = describe("agentops_mask_leaks", "Detectors that let their own canary through, over all pods.", "namespace", "agent")
	sidecarsDesc = describe("agentops_sidecars", "Sidecars that report.", "namespace", "agent", "version")
	rulesDesc    = describe("agentops_sidecar_rules_info", "Sidecars by the rules in force.", "namespace", "agent", "digest", "source")
	upDesc       = describe("agentops_backend_up", "1 when the last request to the backend was delivered; absent before the first.", "backend")
	configDesc   = describe("agentops_relay_config_refused", "1 when a newer configuration is not in force.")
	bytesDesc    = describe("agentops_store_bytes", "Bytes in the trace store.")
	fullDesc     = describe("agentops_relay_storage_full", "1 while the volume is full and nothing is taken.")
)

// Describe names no metric: the collector is unchecked, since its labels depend on who is there.
func (*state) Describe(chan<- *prometheus.Desc) {}

// Collect is called for each scrape.
func (s *state) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(bytesDesc, float64(s.bytes()))
	gauge(configDesc, truth(s.config.State().Error != ""))
	gauge(fullDesc, truth(s.full() != ""))
	for _, b := range s.backends.List(nil) {
		if b.State != Idle {
			gauge(upDesc, truth(b.State == Delivering), b.Name)
		}
	}
	s.fleet.Forget()
	s.fleet.collect(out)
}

func (f *Fleet) collect(out chan<- prometheus.Metric) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for k, a := range f.agents {
		counter := func(d *prometheus.Desc, v int64, labels ...string) {
			out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), append([]string{k.Namespace, k.Agent}, labels...)...)
		}
		counter(receivedDesc, a.received)
		counter(droppedDesc, a.dropped)
		counter(directDesc, a.direct)
		counter(unservedDesc, a.unserved)
		for rule, n := range a.masked {
			counter(maskedDesc, n, strings.ToValidUTF8(rule, ""))
		}
		leaks, versions, rules := a.tally()
		out <- prometheus.MustNewConstMetric(leaksDesc, prometheus.GaugeValue, float64(leaks), k.Namespace, k.Agent)
		for v, n := range versions {
			out <- prometheus.MustNewConstMetric(sidecarsDesc, prometheus.GaugeValue, float64(n), k.Namespace, k.Agent, v)
		}
		for r, n := range rules {
			out <- prometheus.MustNewConstMetric(rulesDesc, prometheus.GaugeValue, float64(n), k.Namespace, k.Agent, r.Digest, string(r.Source))
		}
	}
}

func (a *agent) tally() (leaks int, versions map[string]int, rules map[report.Rules]int) {
	versions, rules = map[string]int{}, map[report.Rules]int{}
	for _, p := range a.pods {
		leaks += len(p.Report.Canaries.Leaked)
		versions[p.Report.Version]++
		rules[report.Rules{Digest: p.Report.Rules.Digest, Source: p.Report.Rules.Source}]++
	}
	return leaks, versions, rules
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
