package telemetry

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"go.opentelemetry.io/otel/sdk/resource"
)

// whoseSpan are the attributes by which the relay knows whose a span is; it reads them from the resource.
var whoseSpan = map[attribute.Key]bool{"k8s.namespace.name": true, "dev.agentops.agent": true, "k8s.pod.name": true, "k8s.pod.uid": true}

// byAgent gives each span the resource of the agent that it is about: one gateway speaks for many.
type byAgent struct {
	sdktrace.SpanExporter
}

// ExportSpans implements sdktrace.SpanExporter.
func (e byAgent) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	resources := map[attribute.Distinct]*resource.Resource{}
	out := make([]sdktrace.ReadOnlySpan, len(spans))
	for i, s := range spans {
		own := make([]attribute.KeyValue, 0, len(whoseSpan))
		for _, a := range s.Attributes() {
			if whoseSpan[a.Key] {
				own = append(own, a)
			}
		}
		key := attribute.NewSet(own...)
		r := resources[key.Equivalent()]
		if r == nil {
			r = resource.NewSchemaless(append(s.Resource().Attributes(), own...)...)
			resources[key.Equivalent()] = r
		}
		out[i] = ofAgent{s, r}
	}
	return e.SpanExporter.ExportSpans(ctx, out)
}

type ofAgent struct {
	sdktrace.ReadOnlySpan
	resource *resource.Resource
}

// Resource implements sdktrace.ReadOnlySpan.
func (s ofAgent) Resource() *resource.Resource { return s.resource }

// untilTaken tries again until the relay has the spans: a history with gaps would tell another story. What waits is bounded
// by the queue before it.
type untilTaken struct {
	sdktrace.SpanExporter
	taken func(spans int)
	stop  <-chan struct{}
}

const (
	firstPause = 200 * time.Millisecond
	mostPause  = 10 * time.Second
)

var errEnds = errors.New("the process ends")

// ExportSpans implements sdktrace.SpanExporter.
func (e untilTaken) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	for pause := firstPause; ; pause = min(2*pause, mostPause) {
		err := e.SpanExporter.ExportSpans(ctx, spans)
		if err == nil {
			e.taken(len(spans))
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-e.stop:
			return errors.Join(errEnds, err)
		case <-time.After(pause):
		}
	}
}
