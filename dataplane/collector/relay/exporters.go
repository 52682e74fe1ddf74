package relay

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// ExporterCounts is what an exporter counts about itself, in items.
type ExporterCounts struct{ Sent, Failed, Queued int64 }

// Exporters reads the exporters' own metrics and returns them by the name after the "/" of the exporter's id, which is
// the backend's name.
func Exporters(registry prometheus.Gatherer) map[string]ExporterCounts {
	out := map[string]ExporterCounts{}
	families, _ := registry.Gather() // a family that fails leaves the others usable
	for _, f := range families {
		add := field(f.GetName())
		if add == nil {
			continue
		}
		for _, m := range f.GetMetric() {
			_, backend, ok := strings.Cut(label(m, "exporter"), "/")
			if !ok {
				continue
			}
			c := out[backend]
			add(&c, int64(m.GetCounter().GetValue()+m.GetGauge().GetValue()))
			out[backend] = c
		}
	}
	return out
}

func field(name string) func(*ExporterCounts, int64) {
	switch {
	case strings.HasPrefix(name, "otelcol_exporter_sent_"):
		return func(c *ExporterCounts, n int64) { c.Sent += n }
	case strings.HasPrefix(name, "otelcol_exporter_send_failed_"), strings.HasPrefix(name, "otelcol_exporter_enqueue_failed_"):
		return func(c *ExporterCounts, n int64) { c.Failed += n }
	case strings.HasPrefix(name, "otelcol_exporter_queue_size"):
		return func(c *ExporterCounts, n int64) { c.Queued += n }
	}
	return nil
}

func label(m *dto.Metric, name string) string {
	for _, l := range m.GetLabel() {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}
