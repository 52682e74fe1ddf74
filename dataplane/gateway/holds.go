package gateway

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"agentops.dev/dataplane/gateway/admin"
	"agentops.dev/dataplane/gateway/telemetry"
	"agentops.dev/dataplane/limits"
	"agentops.dev/dataplane/ticking"
)

// holds counts the runs that wait, of each agent, as the store has them: every replica counts the same.
type holds struct {
	store   *limits.Client
	history telemetry.History
	counts  atomic.Pointer[map[string]int]
}

// run looks every now and then, until the context ends. What expired meanwhile is told to the history: nobody else may look.
func (h *holds) run(ctx context.Context, every time.Duration) {
	ticking.AtOnce(ctx, every, func() { h.look(ctx) })
}

func (h *holds) look(ctx context.Context) {
	counts := map[string]int{}
	for cursor := ""; ; {
		page, err := h.store.Holds(ctx, cursor, 500)
		if err != nil {
			h.counts.Store(nil) // nobody knows: a count of before would be taken for one of now
			return
		}
		admin.TellExpired(h.history, page, time.Now())
		for _, r := range page.Runs {
			if r.State == limits.Held {
				counts[r.Agent]++
			}
		}
		if cursor = page.Next; cursor == "" {
			h.counts.Store(&counts)
			return
		}
	}
}

func (h *holds) tell(tell func(float64, ...string)) {
	counts := h.counts.Load()
	if counts == nil {
		return
	}
	for name, n := range *counts {
		namespace, agent, _ := strings.Cut(name, "/")
		tell(float64(n), namespace, agent)
	}
}
