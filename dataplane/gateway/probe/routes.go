package probe

import (
	"cmp"
	"slices"
	"strconv"

	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/gateway/upstream"
)

// ofRoute lists the failover of a route, if it has one.
func ofRoute(r plan.Route) []*check {
	class := leadsOn(r.OnError)
	if len(r.Targets) < 2 || class == "" {
		return nil
	}
	twins := r
	// An answer from the cache, or one that is judged, would say nothing about failures.
	twins.Cache, twins.Escalation, twins.Compression, twins.Targets = nil, nil, "", nil
	for i, t := range r.Targets {
		twins.Targets = append(twins.Targets, plan.RouteTarget{Target: strconv.Itoa(i), Weight: t.Weight})
	}
	made := func(name string) *plan.Plan {
		p := &plan.Plan{Version: plan.Version, Targets: map[string]plan.Target{}, Routes: map[string]plan.Route{"probe": twins}}
		for i := range twins.Targets {
			p.Targets[strconv.Itoa(i)] = target(i, million)
		}
		p.Agents = map[string]plan.Agent{name + "/" + alias: agentOf(name)}
		return p
	}
	c := newCheck("routes.*.targets", twins, func(t *twin) { t.failOver(class) }, made)
	c.storeless = true
	return []*check{c}
}

// leadsOn is a class of failure that leads to the next target; of those that are not tried again first, if there is one.
func leadsOn(e plan.OnError) upstream.Class {
	classes := []struct {
		class    upstream.Class
		reaction plan.Reaction
	}{{upstream.ServerError, e.ServerError}, {upstream.Connection, e.Connection}, {upstream.Timeout, e.Timeout},
		{upstream.RateLimited, e.RateLimited}, {upstream.Unauthorized, e.Unauthorized}, {upstream.InvalidResponse, e.InvalidResponse}}
	for _, wanted := range []plan.Reaction{plan.Next, plan.Retry} {
		for _, c := range classes {
			if c.reaction == wanted {
				return c.class
			}
		}
	}
	return ""
}

// failOver lets the target fail that is asked first, and looks whether another one answers.
func (t *twin) failOver(class upstream.Class) {
	t.model.fails = class
	code := t.call("", alias).code()
	asked := slices.Compact(t.model.targets())
	switch {
	case code == "" && len(asked) > 1:
		t.end(Observed, "answered by the next target after "+string(class))
	case slices.Contains(cannotTell, code):
		t.waits(code)
	default:
		t.end(NotObserved, "no other target answered after "+string(class)+": "+cmp.Or(code, "the first one did"))
	}
}
