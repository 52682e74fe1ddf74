package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"

	"agentops.dev/dataplane/gateway/plan"
)

// whose are the labels of every series about calls; the relay uses the same names, so that both can be joined.
var whose = []string{"k8s_namespace_name", "dev_agentops_agent", "dev_agentops_team", "dev_agentops_use_case", "dev_agentops_release",
	"gen_ai_request_model", "gen_ai_provider_name"}

// Metrics count calls.
type Metrics struct {
	calls, denied, tokens, cost, unpriced, estimated, guards, cached, saved *prometheus.CounterVec
	attempts, fallbacks, escalations, noRun, unlimited, gone, rungs         *prometheus.CounterVec
	duration, first                                                         *prometheus.HistogramVec
}

// seconds are the bounds of durations: a cached answer takes milliseconds, a long stream minutes.
var seconds = []float64{.005, .025, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300}

// NewMetrics registers them.
func NewMetrics(r prometheus.Registerer) *Metrics {
	counter := func(name, help string, more ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "agentops_gateway_" + name, Help: help}, more)
		r.MustRegister(c)
		return c
	}
	calls := func(name, help string, more ...string) *prometheus.CounterVec {
		return counter(name, help, append(append([]string{}, whose...), more...)...)
	}
	histogram := func(name, help string) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "agentops_gateway_" + name, Help: help, Buckets: seconds}, append([]string{"gen_ai_operation_name"}, whose[:2]...))
		r.MustRegister(h)
		return h
	}
	return &Metrics{
		calls:       calls("calls_total", "Calls by how they ended: ok, or the code of the error.", "gen_ai_operation_name", "code"),
		denied:      calls("denied_total", "Calls that the gateway refused, by code.", "code"),
		tokens:      calls("tokens_total", "Tokens by type.", "type"),
		cost:        calls("cost_usd_total", "Cost in USD by the plan's prices."),
		unpriced:    calls("unpriced_calls_total", "Calls whose cost is unknown."),
		estimated:   calls("estimated_calls_total", "Calls whose usage is the gateway's estimate."),
		fallbacks:   calls("fallbacks_total", "Calls that another target than the first of the route answered."),
		escalations: calls("escalations_total", "Calls that went on to a stronger target because an answer was not good enough."),
		gone:        calls("clients_gone_total", "Calls whose client did not wait for the end."),
		unlimited:   calls("unlimited_calls_total", "Calls that passed while the state store was away."),
		noRun:       counter("no_run_identity_total", "Calls that named no run.", whose[:2]...),
		attempts:    counter("attempts_total", "Questions to targets by how they ended.", "target", "gen_ai_provider_name", "class"),
		guards:      counter("guardrail_hits_total", "Calls in which a guardrail's rule matched.", append(append([]string{}, whose[:2]...), "rule", "verdict")...),
		cached:      counter("cache_total", "Calls of routes with a cache.", append(append([]string{}, whose[:2]...), "result")...),
		rungs:       counter("ladder_steps_total", "Steps of budgets' ladders that were reached, each once a window and scope.", "budget", "action"),
		saved:       counter("compressed_bytes_total", "Bytes that compression took out of prompts.", whose[:2]...),
		duration:    histogram("call_duration_seconds", "Time from the request to the end of the answer."),
		first:       histogram("first_byte_seconds", "Time from the request to the first part of a streamed answer."),
	}
}

// Call implements Sink.
func (m *Metrics) Call(r *Report) {
	own := []string{r.Namespace, r.Agent}
	labels := []string{r.Namespace, r.Agent, r.Team, r.UseCase, r.Release, r.Alias, ProviderName(r.Provider)}
	with := func(more ...string) []string { return append(labels[:len(labels):len(labels)], more...) }
	code := codeOf(r)
	m.calls.WithLabelValues(with(r.Operation, code)...).Inc()
	if r.ErrorType == "agentops_policy" {
		m.denied.WithLabelValues(with(code)...).Inc()
	}
	m.amounts(r, labels, with)
	m.oddities(r, own, labels)
	for _, a := range r.Attempts {
		class := "Answered"
		if a.Failure != nil {
			class = string(a.Failure.Class)
		}
		m.attempts.WithLabelValues(a.Target, ProviderName(string(a.Provider)), class).Inc()
	}
	if r.Status == 200 {
		m.duration.WithLabelValues(r.Operation, r.Namespace, r.Agent).Observe(r.Ended.Sub(r.Began).Seconds())
	}
	if r.FirstByte > 0 {
		m.first.WithLabelValues(r.Operation, r.Namespace, r.Agent).Observe(r.FirstByte.Seconds())
	}
}

// ofProviders are the gateway's own codes for what providers did.
var ofProviders = map[string]bool{"provider_unavailable": true, "provider_rate_limited": true, "provider_invalid": true, "provider_timeout": true,
	"stream_interrupted": true}

// codeOf is how a call ended, as a label. What a provider finds wrong with a request it says in words of its own, and there is no end
// to those.
func codeOf(r *Report) string {
	switch {
	case r.ErrorCode == "":
		return "ok"
	case r.ErrorType == "agentops_policy" || ofProviders[r.ErrorCode]:
		return r.ErrorCode
	}
	return "provider_refused"
}

func (m *Metrics) amounts(r *Report, labels []string, with func(...string) []string) {
	u := r.Usage
	for _, t := range []struct {
		name string
		n    int64
	}{{"input", u.Input}, {"output", u.Output}, {"cached_input", u.CachedInput}, {"cache_write", u.CacheWrite}, {"reasoning", u.Reasoning}} {
		if t.n > 0 {
			m.tokens.WithLabelValues(with(t.name)...).Add(float64(t.n))
		}
	}
	if r.MicroUSD > 0 {
		m.cost.WithLabelValues(labels...).Add(float64(r.MicroUSD) / 1e6)
	}
	if r.PriceUnknown {
		m.unpriced.WithLabelValues(labels...).Inc()
	}
	if u.Estimated {
		m.estimated.WithLabelValues(labels...).Inc()
	}
}

func (m *Metrics) oddities(r *Report, own, labels []string) {
	for flag, c := range map[*prometheus.CounterVec]bool{m.fallbacks: r.Fallback, m.escalations: r.Escalated, m.gone: r.Gone, m.unlimited: r.Unlimited} {
		if c {
			flag.WithLabelValues(labels...).Inc()
		}
	}
	if r.Run == "" && r.Agent != "" {
		m.noRun.WithLabelValues(own...).Inc()
	}
	if r.Cache != "" {
		m.cached.WithLabelValues(r.Namespace, r.Agent, r.Cache).Inc()
	}
	for _, step := range r.Rungs {
		m.rungs.WithLabelValues(step.Budget, step.Action).Inc()
	}
	if r.Saved > 0 {
		m.saved.WithLabelValues(own...).Add(float64(r.Saved))
	}
	for verdict, rules := range map[string][]string{"masked": r.Masked, "reported": r.Reported, "blocked": r.Blocked} {
		for _, rule := range rules {
			m.guards.WithLabelValues(r.Namespace, r.Agent, rule, verdict).Inc()
		}
	}
}

// providerNames are the conventions' words.
var providerNames = map[plan.Provider]string{
	plan.Azure: "azure.ai.openai", plan.Bedrock: "aws.bedrock", plan.Vertex: "gcp.vertex_ai", plan.Gemini: "gcp.gemini",
	plan.Mistral: "mistral_ai", plan.XAI: "x_ai", plan.OpenAICompatible: "openai_compatible",
}

// ProviderName is a provider by the conventions.
func ProviderName(provider string) string {
	if name, ok := providerNames[plan.Provider(provider)]; ok {
		return name
	}
	return provider
}
