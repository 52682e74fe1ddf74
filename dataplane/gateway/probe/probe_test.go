package probe

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"agentops.dev/dataplane/gateway/live"
	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/gateway/serve"
	"agentops.dev/dataplane/limits"
	"agentops.dev/dataplane/redistest"
)

// startStore starts a real one.
func startStore(t testing.TB) (*limits.Client, *redis.Client) {
	t.Helper()
	socket, _ := redistest.Start(t)
	db := redis.NewClient(&redis.Options{Addr: socket, MaxRetries: -1})
	t.Cleanup(func() { _ = db.Close() })
	c, err := limits.New(limits.Options{URL: "unix://" + socket, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c, db
}

// example is the contract's plan: every kind of limit, budget and route.
func example(t testing.TB, change func(*plan.Plan)) *plan.Plan {
	t.Helper()
	data, err := os.ReadFile("../testdata/plan.v1.json")
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(p)
	}
	return p
}

func prober(t testing.TB, store Store, p *plan.Plan) *Prober {
	t.Helper()
	l, err := live.Of(p)
	if err != nil {
		t.Fatal(err)
	}
	return New(serve.Options{Live: l, MaxBody: 1 << 20, Now: time.Now}, store, "gw-0", func(Result) {})
}

// seen runs every check once and says what came of them, by field.
func seen(t testing.TB, p *Prober) map[string][]Seen {
	t.Helper()
	if n := p.Round(t.Context()); n != len(p.State().Checks) {
		t.Errorf("%d checks were made of %d", n, len(p.State().Checks))
	}
	found := map[string][]Seen{}
	for _, s := range p.State().Checks {
		found[s.Limit] = append(found[s.Limit], s)
	}
	return found
}

func everyLimit(l plan.LimitAction) plan.Execution {
	limit := func(n int64) *plan.Limit { return &plan.Limit{Max: n, Action: l} }
	return plan.Execution{
		Run: plan.RunLimits{Steps: limit(50), Tokens: limit(200_000), MicroUSD: limit(2_500_000), Seconds: limit(3600), IdenticalCalls: limit(3),
			NoProgress: &plan.NoProgress{Calls: 6, Distinct: 2, Action: l}},
		RequireRunID: true, ConcurrentRuns: 20, NewRunsPerMinute: 30, ConcurrentCalls: 10, CallsPerMinute: 600, TokensPerMinute: 100_000, OnStateError: plan.Allow,
	}
}

// Every limit of the plan in force is met and refuses, also where it holds, or only counts; nothing is left in the store but
// marks of calls, and no agent's counter was touched.
func TestEveryLimitIsObserved(t *testing.T) {
	store, db := startStore(t)
	p := example(t, func(p *plan.Plan) {
		a := p.Agents["shop/billing"]
		a.Execution = everyLimit(plan.RefuseCall)
		p.Agents["shop/billing"] = a
		a.Execution = everyLimit(plan.Hold)
		p.Agents["shop/held"] = a
		for _, unit := range []plan.Unit{plan.MicroUSD, plan.Tokens, plan.InputTokens, plan.OutputTokens, plan.Requests} {
			for _, mode := range []plan.Mode{plan.Enforce, plan.Shadow} {
				for name, step := range map[string]plan.Step{"block": {AtPercent: 90, Action: plan.BlockCalls}, "hold": {AtPercent: 90, Action: plan.HoldRun}} {
					p.Budgets["shop/"+name+string(unit)+string(mode)] = plan.Budget{Unit: unit, Limit: 12_345_678, Mode: mode, Scope: plan.ByEndUser, OnStateError: plan.Allow,
						Window: plan.Window{Kind: plan.Rolling, Seconds: 3600}, Ladder: []plan.Step{{AtPercent: 50, Action: plan.CheaperModel, Models: map[string]string{"chat": "x"}}, {AtPercent: 60, Action: plan.ReadOnlyTools}, step}}
				}
			}
		}
		for name, limit := range map[string]int64{"one": 1, "two": 2, "dozen": 12} {
			for _, unit := range []plan.Unit{plan.MicroUSD, plan.Tokens, plan.Requests} {
				p.Budgets["shop/"+name+string(unit)] = plan.Budget{Unit: unit, Limit: limit, Mode: plan.Enforce, Scope: plan.PerAgent, OnStateError: plan.Deny, Window: plan.Window{Kind: plan.Day}}
			}
		}
	})
	found := seen(t, prober(t, store, p))
	for field, all := range found {
		for _, one := range all {
			if one.Result != Observed {
				t.Errorf("%s: %s, %s", field, one.Result, one.Said)
			}
		}
	}
	for _, field := range []string{"run.steps", "run.tokens", "run.microUSD", "run.seconds", "run.identicalCalls", "run.noProgress", "requireRunId", "concurrentRuns",
		"newRunsPerMinute", "concurrentCalls", "callsPerMinute", "tokensPerMinute"} {
		if len(found["agents.*.execution."+field]) == 0 {
			t.Errorf("%s is not checked", field)
		}
	}
	for _, field := range []string{"budgets.*.limit", "budgets.*.ladder[].models", "budgets.*.ladder[].action=ReadOnlyTools", "routes.*.targets", "agents.*.guardrails.input[]", "agents.*.guardrails.output[]"} {
		if len(found[field]) == 0 {
			t.Errorf("%s is not checked", field)
		}
	}
	for _, key := range db.Keys(t.Context(), "*").Val() {
		if !strings.Contains(key, ":s:") || db.PTTL(t.Context(), key).Val() <= 0 {
			t.Errorf("%s is left in the store", key)
		}
	}
}

// storeless says what can be seen without a state store.
func storeless(field string) bool {
	return field == "routes.*.targets" || strings.HasPrefix(field, "agents.*.guardrails.")
}

// broken is a store that grants what it should refuse.
type broken struct{ Store }

func (b broken) Reserve(ctx context.Context, call *limits.Call) (*limits.Verdict, error) {
	unlimited := *call
	unlimited.Limits, unlimited.Charges = nil, nil
	return b.Store.Reserve(ctx, &unlimited)
}

// An engine whose limits do not refuse is found out, limit by limit; what needs no store is as it was.
func TestAnEngineThatLimitsNothingIsFoundOut(t *testing.T) {
	store, _ := startStore(t)
	for field, all := range seen(t, prober(t, broken{store}, example(t, nil))) {
		for _, one := range all {
			want := NotObserved
			if storeless(field) || field == "agents.*.execution.requireRunId" {
				want = Observed
			}
			if one.Result != want {
				t.Errorf("%s: %s, %s", field, one.Result, one.Said)
			}
		}
	}
}

// deaf is a store that is away.
type deaf struct{ Store }

func (deaf) Reserve(context.Context, *limits.Call) (*limits.Verdict, error) {
	return nil, &limits.ErrStateStore{Step: "reserve"}
}

func (deaf) Unreserved(*limits.Call) *limits.Reservation { return nil }

func (deaf) Forget(context.Context, *limits.Call) error { return &limits.ErrStateStore{Step: "forget"} }

// While the store is away nothing is said about limits, and what was seen before stays seen.
func TestAStoreThatIsAwaySaysNothing(t *testing.T) {
	store, _ := startStore(t)
	p := prober(t, store, example(t, nil))
	before := seen(t, p)
	p.store = deaf{store}
	now := time.Now().Add(2 * every)
	p.options.Now = func() time.Time { return now }
	for field, all := range seen(t, p) {
		if !slices.ContainsFunc(before[field], func(s Seen) bool { return s.Result == all[0].Result && s.Result == Observed }) {
			t.Errorf("%s: %+v", field, all)
		}
	}
	for field, all := range seen(t, prober(t, nil, example(t, nil))) {
		if !storeless(field) && all[0].Result != Waiting {
			t.Errorf("without a store %s: %+v", field, all)
		}
	}
}

// A thousand agents with equal limits cost as much as one, and a new agent, or a new plan, asks for nothing that is known.
func TestEqualRowsAreCheckedOnce(t *testing.T) {
	p := example(t, func(p *plan.Plan) {
		for _, name := range []string{"shop/one", "shop/two", "bank/three"} {
			p.Agents[name] = p.Agents["shop/billing"]
		}
	})
	s := prober(t, nil, p).State()
	if alone := prober(t, nil, example(t, nil)).State(); len(s.Checks) != len(alone.Checks) {
		t.Errorf("%d checks for four agents, %d for one", len(s.Checks), len(alone.Checks))
	}
	if !slices.Equal(s.Agents["bank/three"], s.Agents["shop/one"]) || len(s.Agents["shop/one"]) == 0 {
		t.Errorf("got %v", s.Agents)
	}
}

// A limit that changes is another check, without evidence until it is made; evidence of what is gone is forgotten.
func TestAChangedLimitIsCheckedAnew(t *testing.T) {
	store, _ := startStore(t)
	p := prober(t, store, example(t, nil))
	seen(t, p)
	l, err := live.Of(example(t, func(p *plan.Plan) {
		a := p.Agents["shop/billing"]
		a.Execution.Run.Steps = &plan.Limit{Max: 7, Action: plan.RefuseCall}
		p.Agents["shop/billing"] = a
	}))
	if err != nil {
		t.Fatal(err)
	}
	p.options.Live = l
	waiting := 0
	for _, s := range p.State().Checks {
		if s.Result == Waiting {
			waiting++
		}
	}
	if waiting != 1 || len(p.known) != len(p.State().Checks)-1 {
		t.Errorf("%d checks wait, %d are known", waiting, len(p.known))
	}
	if !p.step(t.Context()) || p.step(t.Context()) || p.Counts()[Observed] != len(p.State().Checks) {
		t.Errorf("got %v", p.Counts())
	}
	if text, err := json.Marshal(p.State()); err != nil || !strings.Contains(string(text), `"result":"Observed"`) {
		t.Errorf("%v: %s", err, text)
	}
}

// Each class of failure that leads on is tried where it is the only one, and a route that never leads on has nothing to show.
func TestFailoverIsSeenForEachClass(t *testing.T) {
	for field, change := range map[string]func(*plan.OnError){
		"server error": func(e *plan.OnError) { e.ServerError = plan.Next }, "connection": func(e *plan.OnError) { e.Connection = plan.Retry },
		"timeout": func(e *plan.OnError) { e.Timeout = plan.Next }, "rate": func(e *plan.OnError) { e.RateLimited = plan.Next },
		"credential": func(e *plan.OnError) { e.Unauthorized = plan.Next }, "garbage": func(e *plan.OnError) { e.InvalidResponse = plan.Next },
	} {
		for _, routing := range []plan.Routing{plan.Priority, plan.Weighted, plan.Latency, plan.CostFirst} {
			r := routeOver("a", "b", "c")
			r.Routing, r.Retries, r.Targets[1].Weight, r.Targets[2].Weight = routing, 1, 1, 1
			change(&r.OnError)
			found := ofRoute(r)[0].run(t.Context(), serve.Options{MaxBody: 1 << 20, Now: time.Now}, nil, "gw")
			if found.Result != Observed {
				t.Errorf("%s, %s: %+v", field, routing, found)
			}
			r.Targets = r.Targets[:1]
			if len(ofRoute(r)) != 0 {
				t.Error("a route with one target has nothing to fail over to")
			}
		}
	}
	if found := ofRoute(routeOver("a", "b")); len(found) != 0 {
		t.Errorf("got %v", found)
	}
}
