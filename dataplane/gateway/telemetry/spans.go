package telemetry

import (
	"context"
	"net/http"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Spans tells each call as one span, in the client's trace.
type Spans struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// NewSpans sends spans to an OTLP endpoint; tokenFile may be empty.
func NewSpans(ctx context.Context, endpoint, tokenFile, id, version string) (*Spans, error) {
	client := &http.Client{Timeout: 10 * time.Second, Transport: bearer{tokenFile}}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(strings.TrimRight(endpoint, "/")+"/v1/traces"), otlptracehttp.WithHTTPClient(client))
	if err != nil {
		return nil, err
	}
	about := resource.NewSchemaless(attribute.String("service.name", "agentops-gateway"), attribute.String("service.version", version),
		attribute.String("service.instance.id", id))
	p := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about), sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.AlwaysSample())))
	return &Spans{provider: p, tracer: p.Tracer("agentops.dev/gateway")}, nil
}

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

// Shutdown sends what waits.
func (s *Spans) Shutdown(ctx context.Context) error { return s.provider.Shutdown(ctx) }

// Call implements Sink.
func (s *Spans) Call(r *Report) {
	ctx := context.Background()
	if r.Traceparent != "" {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": r.Traceparent})
	}
	_, span := s.tracer.Start(ctx, strings.TrimSpace(r.Operation+" "+r.Alias), trace.WithTimestamp(r.Began), trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attributes(r)...))
	for _, a := range r.Attempts {
		if a.Failure != nil {
			span.AddEvent("dev.agentops.attempt_failed", trace.WithAttributes(attribute.String("dev.agentops.target", a.Target),
				attribute.String("error.type", string(a.Failure.Class)), attribute.Int64("dev.agentops.milliseconds", a.Took.Milliseconds())))
		}
	}
	if r.ErrorCode != "" {
		span.SetStatus(codes.Error, r.ErrorCode)
	}
	span.End(trace.WithTimestamp(r.Ended))
}

func attributes(r *Report) []attribute.KeyValue {
	out := make([]attribute.KeyValue, 0, 28)
	text := func(key, value string) {
		if value != "" {
			out = append(out, attribute.String(key, value))
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
		out = append(out, attribute.StringSlice("gen_ai.response.finish_reasons", []string{r.Finish}))
	}
	number("gen_ai.usage.input_tokens", r.Usage.Input)
	number("gen_ai.usage.output_tokens", r.Usage.Output)
	number("gen_ai.usage.cache_read.input_tokens", r.Usage.CachedInput)
	text("k8s.namespace.name", r.Namespace)
	text("dev.agentops.agent", r.Agent)
	text("dev.agentops.team", r.Team)
	text("dev.agentops.use_case", r.UseCase)
	text("dev.agentops.release", r.Release)
	text("dev.agentops.run", r.Run)
	text("dev.agentops.target", r.Target)
	text("dev.agentops.verdict", r.Verdict)
	text("dev.agentops.cache", r.Cache)
	text("error.type", r.ErrorCode)
	number("http.response.status_code", int64(r.Status))
	if r.Usage.Estimated {
		out = append(out, attribute.Bool("dev.agentops.usage_estimated", true))
	}
	if !r.PriceUnknown && r.Usage.Input > 0 {
		out = append(out, attribute.Float64("dev.agentops.cost_usd", float64(r.MicroUSD)/1e6))
	}
	return out
}
