package sidecar

import (
	"maps"
	"slices"

	"agentops.dev/dataplane/collector/report"
	"agentops.dev/dataplane/mask"
)

// Signal is a kind of telemetry.
type Signal int

// The three signals a sidecar forwards.
const (
	Spans Signal = iota
	Logs
	Metrics
)

// Passed counts items that left the masking step, and what was masked in them.
func (s *Sidecar) Passed(signal Signal, items int, hits mask.Hits) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch signal {
	case Spans:
		s.counts.Spans += int64(items)
	case Logs:
		s.counts.Logs += int64(items)
	case Metrics:
		s.counts.Metrics += int64(items)
	}
	for _, c := range hits.Counts {
		s.counts.Masked[c.Detector] += int64(c.Count)
	}
}

// Dropped counts items that could not be masked and so were not forwarded.
func (s *Sidecar) Dropped(items int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Dropped += int64(items)
}

// sendFailed counts a request to the relay that failed; the queue keeps its data and tries again.
func (s *Sidecar) sendFailed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.SendFailed++
}

// Direct counts a model call that went to the provider past the gateway.
func (s *Sidecar) Direct() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Direct++
}

// Unserved counts a model call that was refused because the gateway could not be reached.
func (s *Sidecar) Unserved() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Unserved++
}

// Problem states a lasting problem, "Reason: detail"; solved takes it back.
func (s *Sidecar) Problem(text string) { s.setProblem(text, true) }

// Solved takes a problem back.
func (s *Sidecar) Solved(text string) { s.setProblem(text, false) }

func (s *Sidecar) setProblem(text string, present bool) {
	s.mu.Lock()
	changed := s.problems[text] != present
	if present {
		s.problems[text] = true
	} else {
		delete(s.problems, text)
	}
	s.mu.Unlock()
	if changed {
		s.announce()
	}
}

// Report is the state as the relay wants it.
func (s *Sidecar) Report() report.Report {
	state := s.live.State()
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := s.counts
	counts.Masked = maps.Clone(counts.Masked)
	r := report.Report{
		Version:   s.version,
		StartedAt: s.started,
		Rules:     report.Rules{Digest: state.Digest, Source: state.Source, LoadedAt: state.LoadedAt, Error: state.Error},
		Canaries:  s.canaries,
		Counts:    counts,
		Problems:  slices.AppendSeq([]string{}, maps.Keys(s.problems)),
	}
	slices.Sort(r.Problems)
	if state.KeyError != "" {
		r.Problems = append(r.Problems, "HashKey: "+state.KeyError)
	}
	return r
}
