package telemetry

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Spans tells each call as one span, in the client's trace, and the history of runs as spans of their own.
type Spans struct {
	calls, history *sdktrace.TracerProvider
	stop           chan struct{}
	waiting        atomic.Int64
}

// Of calls some may be lost, of the history nothing while the process lives.
const (
	callsQueue   = 8_192
	historyQueue = 32_768
	scope        = "agentops.dev/gateway"
)

// NewSpans sends spans to an OTLP endpoint; tokenFile may be empty.
func NewSpans(ctx context.Context, endpoint, tokenFile, id, version string) (*Spans, error) {
	exporter := func() (sdktrace.SpanExporter, error) {
		client := &http.Client{Timeout: 10 * time.Second, Transport: bearer{tokenFile}}
		e, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(strings.TrimRight(endpoint, "/")+"/v1/traces"), otlptracehttp.WithHTTPClient(client))
		return byAgent{e}, err
	}
	calls, err := exporter()
	if err != nil {
		return nil, err
	}
	history, err := exporter()
	if err != nil {
		return nil, err
	}
	about := sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "agentops-gateway"), attribute.String("service.version", version),
		attribute.String("service.instance.id", id)))
	s := &Spans{stop: make(chan struct{})}
	s.calls = sdktrace.NewTracerProvider(about, sdktrace.WithBatcher(calls, sdktrace.WithMaxQueueSize(callsQueue)), sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.AlwaysSample())))
	kept := untilTaken{history, func(n int) { s.waiting.Add(-int64(n)) }, s.stop}
	s.history = sdktrace.NewTracerProvider(about, sdktrace.WithSampler(sdktrace.AlwaysSample()),
		sdktrace.WithBatcher(kept, sdktrace.WithMaxQueueSize(historyQueue), sdktrace.WithBatchTimeout(time.Second), sdktrace.WithExportTimeout(0)))
	return s, nil
}

// Waiting is how many events of the history the relay does not have yet, those that found no room in the queue included.
func (s *Spans) Waiting() int64 { return s.waiting.Load() }

// bearer reads its token for each request: tokens rotate.
type bearer struct{ file string }

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.file != "" {
		if token, err := os.ReadFile(b.file); err == nil {
			r = r.Clone(r.Context())
			r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
		}
	}
	return http.DefaultTransport.RoundTrip(r)
}

// Shutdown sends what waits, as far as there is time: the history first.
func (s *Spans) Shutdown(ctx context.Context) error {
	given := context.AfterFunc(ctx, sync.OnceFunc(func() { close(s.stop) }))
	defer given()
	return errors.Join(s.history.Shutdown(ctx), s.calls.Shutdown(ctx))
}

// in is a context within the client's trace.
func in(traceparent string) context.Context {
	if traceparent == "" {
		return context.Background()
	}
	return propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": traceparent})
}

// Call implements Sink. Who is not known is nobody whose trace it could be.
func (s *Spans) Call(r *Report) {
	for _, e := range r.Events {
		s.Run(e)
	}
	if r.Agent == "" {
		return
	}
	ctx := in(r.Traceparent)
	_, span := s.calls.Tracer(scope).Start(ctx, strings.TrimSpace(r.Operation+" "+plain(r.Alias)), trace.WithTimestamp(r.Began), trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attributes(r, trace.SpanContextFromContext(ctx).IsValid())...))
	for _, a := range r.Attempts {
		if a.Failure != nil {
			span.AddEvent("dev.agentops.attempt_failed", trace.WithAttributes(words("dev.agentops.target", a.Target),
				words("error.type", string(a.Failure.Class)), attribute.Int64("dev.agentops.milliseconds", a.Took.Milliseconds())))
		}
	}
	if r.ErrorCode != "" {
		span.SetStatus(codes.Error, plain(r.ErrorCode))
	}
	span.End(trace.WithTimestamp(r.Ended))
}

// Run implements History.
func (s *Spans) Run(e RunEvent) {
	name := string(e.Kind)
	if e.Kind == Transition {
		name = e.State
	}
	s.waiting.Add(1)
	_, span := s.history.Tracer(scope).Start(in(e.Traceparent), "run "+name, trace.WithTimestamp(e.At), trace.WithAttributes(eventAttributes(e)...))
	span.End(trace.WithTimestamp(e.At))
}

// mostText bounds what a client or a provider can put into a span.
const mostText = 1024

// plain is a text as OTLP can hold it. One that is no UTF-8 would cost the spans of all others in its batch, and a batch of the
// history would be tried again for ever.
func plain(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), mostText)], "\uFFFD")
}

func words(key, text string) attribute.KeyValue { return attribute.String(key, plain(text)) }

func eventAttributes(e RunEvent) []attribute.KeyValue {
	out := []attribute.KeyValue{words("k8s.namespace.name", e.Namespace), words("dev.agentops.agent", e.Agent)}
	for key, value := range map[string]string{"id": e.Run, "event": string(e.Kind), "state": e.State, "from": e.From, "reason": e.Reason, "by": e.By, "budget": e.Budget,
		"target": e.Target, "next_target": e.NextTarget, "plan": e.Plan, "plan_before": e.PlanBefore, "release": e.Release, "release_before": e.ReleaseBefore} {
		if value != "" {
			out = append(out, words("dev.agentops.run."+key, value))
		}
	}
	for key, n := range map[string]int64{"step": e.Step, "hold": e.Hold, "limit": e.Limit, "used": e.Used, "retry": e.Retry} {
		if n > 0 {
			out = append(out, attribute.Int64("dev.agentops.run."+key, n))
		}
	}
	return out
}

// attributes of a call. In the trace of a client its own span states what was used under the conventions' names, and
// whoever adds up a trace would count it twice; so ours does then under names of ours.
func attributes(r *Report, traced bool) []attribute.KeyValue {
	used := "gen_ai.usage."
	if traced {
		used = "dev.agentops.usage."
	}
	out := make([]attribute.KeyValue, 0, 32)
	text := func(key, value string) {
		if value != "" {
			out = append(out, words(key, value))
		}
	}
	number := func(key string, n int64) {
		if n > 0 {
			out = append(out, attribute.Int64(key, n))
		}
	}
	text("gen_ai.operation.name", r.Operation)
	text("gen_ai.provider.name", ProviderName(r.Provider))
	text("gen_ai.request.model", r.Alias)
	text("gen_ai.response.model", r.ResponseModel)
	text("gen_ai.response.id", r.ResponseID)
	text("gen_ai.conversation.id", r.Run)
	text("gen_ai.agent.name", r.Agent)
	if r.Finish != "" {
		out = append(out, attribute.StringSlice("gen_ai.response.finish_reasons", []string{plain(r.Finish)}))
	}
	number(used+"input_tokens", r.Usage.Input)
	number(used+"output_tokens", r.Usage.Output)
	number(used+"cache_read.input_tokens", r.Usage.CachedInput)
	text("k8s.namespace.name", r.Namespace)
	text("dev.agentops.agent", r.Agent)
	text("dev.agentops.team", r.Team)
	text("dev.agentops.use_case", r.UseCase)
	text("dev.agentops.release", r.Release)
	text("k8s.pod.name", r.PodName)
	text("k8s.pod.uid", r.PodUID)
	text("dev.agentops.run.id", r.Run)
	text("dev.agentops.run.state", r.RunState)
	number("dev.agentops.run.step", r.Step)
	text("dev.agentops.target", r.Target)
	text("dev.agentops.verdict", r.Verdict)
	text("dev.agentops.cache", r.Cache)
	text("error.type", r.ErrorCode)
	number("http.response.status_code", int64(r.Status))
	if r.Usage.Estimated {
		out = append(out, attribute.Bool("dev.agentops.usage_estimated", true))
	}
	if !r.PriceUnknown && r.Usage.Input > 0 {
		out = append(out, attribute.Float64("dev.agentops.cost.usd", float64(r.MicroUSD)/1e6))
	}
	return out
}
