package telemetry

import "github.com/prometheus/client_golang/prometheus"

// Gauges reads values when somebody asks for them.
func Gauges(r prometheus.Registerer, values map[string]func() float64, help map[string]string) {
	for name, value := range values {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "agentops_gateway_" + name, Help: help[name]}, value))
	}
}

// Reader lists values with labels when somebody asks for them.
type Reader struct {
	desc *prometheus.Desc
	read func(tell func(value float64, labels ...string))
}

// NewReader registers a gauge whose series come and go.
func NewReader(r prometheus.Registerer, name, help string, labels []string, read func(tell func(value float64, labels ...string))) {
	r.MustRegister(&Reader{prometheus.NewDesc("agentops_gateway_"+name, help, labels, nil), read})
}

// Describe implements prometheus.Collector.
func (g *Reader) Describe(ch chan<- *prometheus.Desc) { ch <- g.desc }

// Collect implements prometheus.Collector.
func (g *Reader) Collect(ch chan<- prometheus.Metric) {
	g.read(func(value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, value, labels...)
	})
}
