package telemetry

// Sinks tells several.
type Sinks []Sink

// Call implements Sink.
func (s Sinks) Call(r *Report) {
	for _, sink := range s {
		sink.Call(r)
	}
}
