package route

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"agentops.dev/dataplane/gateway/plan"
)

// Order lists a route's targets in the order in which they are asked. Targets that rest come last, the one that rests
// shortest first: it is better to ask one that may fail than to ask nobody.
func (b *Board) Order(r plan.Route, now time.Time) []string {
	names := make([]string, len(r.Targets))
	for i, t := range r.Targets {
		names[i] = t.Target
	}
	switch r.Routing {
	case plan.Weighted:
		pull(names, draw(r.Targets))
	case plan.Latency:
		b.byLatency(names)
	}
	return b.restingLast(names, now)
}

// draw picks a place by weight.
func draw(targets []plan.RouteTarget) int {
	sum := 0
	for _, t := range targets {
		sum += t.Weight
	}
	if sum == 0 {
		return 0
	}
	n := rand.IntN(sum)
	for i, t := range targets {
		if n -= t.Weight; n < 0 {
			return i
		}
	}
	return 0
}

// pull brings one name to the front; the others keep their order.
func pull(names []string, at int) {
	first := names[at]
	copy(names[1:at+1], names[:at])
	names[0] = first
}

// explore is how often a latency route asks another target than the fastest: what nobody asks has no latency.
const explore = 20

func (b *Board) byLatency(names []string) {
	latency := map[string]time.Duration{}
	for _, name := range names {
		latency[name] = b.Target(name).Latency()
	}
	slices.SortStableFunc(names, func(x, y string) int { return cmp.Compare(latency[x], latency[y]) })
	if len(names) > 1 && rand.IntN(explore) == 0 {
		pull(names, 1+rand.IntN(len(names)-1))
	}
}

func (b *Board) restingLast(names []string, now time.Time) []string {
	if len(names) == 1 {
		return names
	}
	rests := make(map[string]time.Time, len(names))
	any := false
	for _, name := range names {
		if to := b.Target(name).Rests(); to.After(now) {
			rests[name], any = to, true
		}
	}
	if any {
		slices.SortStableFunc(names, func(x, y string) int { return rests[x].Compare(rests[y]) })
	}
	return names
}
