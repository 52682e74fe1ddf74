// Package sidecar is what a sidecar knows about itself: the rules in force, what they masked, what went wrong.
// It belongs to the process and not to a pipeline, so that a restart of the pipeline loses no count.
package sidecar

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"agentops.dev/dataplane/collector/report"
	"agentops.dev/dataplane/mask"
)

// RulesFile is the one version of the rules file that this sidecar reads.
const RulesFile = "rules.v1.json"

// Sidecar holds the state of one sidecar process.
type Sidecar struct {
	version string
	dir     string
	now     func() time.Time
	started time.Time
	live    *mask.Live
	swapped chan struct{}

	mu       sync.Mutex
	counts   report.Counts
	canaries report.Canaries
	problems map[string]bool
}

// New takes the directory that holds "rules/" and "mask-key/". The built-in default masks until Refresh finds rules.
func New(version, dir string, now func() time.Time) *Sidecar {
	return &Sidecar{
		version:  version,
		dir:      dir,
		now:      now,
		started:  now(),
		live:     mask.NewLive(now),
		swapped:  make(chan struct{}, 1),
		counts:   report.Counts{Masked: map[string]int64{}},
		problems: map[string]bool{},
	}
}

// Engine is the masking engine in force, never nil.
func (s *Sidecar) Engine() *mask.Engine { return s.live.Engine() }

// Swapped receives after the rules in force or their state changed.
func (s *Sidecar) Swapped() <-chan struct{} { return s.swapped }

// Refresh looks at the rules once. The kubelet replaces the directory behind a symbolic link, so only the content tells.
func (s *Sidecar) Refresh() {
	before := s.live.State()
	swapped, _ := s.live.Load(filepath.Join(s.dir, "rules", RulesFile), filepath.Join(s.dir, "mask-key"))
	if swapped {
		s.TestCanaries()
	}
	if after := s.live.State(); after != before {
		s.announce()
	}
}

// TestCanaries sends each detector's own sample through the engine that masks the traffic.
func (s *Sidecar) TestCanaries() {
	checked, leaked := s.live.Engine().SelfTest()
	names := make([]string, 0, len(leaked))
	for _, c := range leaked {
		names = append(names, c.Detector)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.canaries = report.Canaries{At: s.now(), Checked: checked, Leaked: names}
}

// Watch keeps the rules fresh until the context ends.
func (s *Sidecar) Watch(ctx context.Context, poll, canaries time.Duration) {
	rules, tests := time.NewTicker(poll), time.NewTicker(canaries)
	defer rules.Stop()
	defer tests.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-rules.C:
			s.Refresh()
		case <-tests.C:
			s.TestCanaries()
		}
	}
}

func (s *Sidecar) announce() {
	select {
	case s.swapped <- struct{}{}:
	default: // one announcement is waiting already; it will carry this change too
	}
}
