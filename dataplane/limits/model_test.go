package limits

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// ledger is a budget or a counter of a run in the model: plain sums, no store, no clock.
type ledger struct{ used, estimated, reserved, would int64 }

// entry is one call in the model.
type entry struct {
	call        *Call
	reservation *Reservation
	state       string // open, orphan, swept, committed, released
}

// model is what the scripts are compared with.
type model struct {
	limits  *AgentLimits
	ledgers map[string]*ledger
	runs    map[string]bool
	open    map[string]int64 // calls in flight by agent
}

func (m *model) at(key string) *ledger {
	if m.ledgers[key] == nil {
		m.ledgers[key] = &ledger{}
	}
	return m.ledgers[key]
}

func chargeKey(c Charge) string {
	return c.Budget.ID + "|" + string(c.Scope.Kind) + "|" + c.Scope.Value
}

// parts of a call: every ledger that it is charged to, with its amount.
func parts(call *Call, a Amounts) map[string]int64 {
	all := map[string]int64{}
	if call.Run != "" {
		run := "run|" + call.Agent + "|" + call.Run
		all[run+"|steps"], all[run+"|tokens"], all[run+"|usd"] = 1, a.InputTokens+a.OutputTokens, a.MicroUSD
	}
	for _, c := range call.Charges {
		all[chargeKey(c)] = c.Budget.amount(a)
	}
	return all
}

// judge says what Reserve must answer: the reason of the denial, or none.
func (m *model) judge(call *Call) (reason Reason, shadows []string) {
	if call.Run != "" {
		run := "run|" + call.Agent + "|" + call.Run
		for _, limit := range []struct {
			name   string
			amount int64
			max    int64
			reason Reason
		}{
			{"|steps", 1, m.limits.Run.Steps.Max, MaxSteps},
			{"|tokens", call.Most.InputTokens + call.Most.OutputTokens, m.limits.Run.Tokens.Max, MaxTokens},
			{"|usd", call.Most.MicroUSD, m.limits.Run.MicroUSD.Max, MaxCost},
		} {
			if l := m.at(run + limit.name); l.used+l.reserved+limit.amount > limit.max && reason == "" {
				reason = limit.reason
			}
		}
	}
	if reason == "" && m.open[call.Agent] >= m.limits.Concurrency {
		reason = Concurrency
	}
	agentRefuses := reason != ""
	for _, c := range call.Charges {
		l, amount, limit := m.at(chargeKey(c)), c.Budget.amount(call.Most), c.Budget.Limit
		if agentRefuses && c.Scope.Kind == AgentScope {
			continue
		}
		if l.used < limit && l.used+l.reserved+amount <= limit {
			continue
		}
		switch {
		case c.Budget.Mode == Shadow:
			shadows = append(shadows, chargeKey(c))
		case reason != "":
		case amount > limit:
			reason = BudgetTooSmall
		case l.used >= limit || l.used+amount > limit:
			reason = BudgetExhausted
		default:
			reason = BudgetInFlight
		}
	}
	return reason, shadows
}

func (m *model) reserve(call *Call) {
	for key, amount := range parts(call, call.Most) {
		m.at(key).reserved += amount
	}
	m.open[call.Agent]++
	if call.Run != "" {
		m.runs[call.Agent+"|"+call.Run] = true
	}
}

// settle moves what was reserved to what was used; of an orphan it moves all, as an estimate.
func (m *model) settle(e *entry, u Usage, charged bool) {
	actual := parts(e.call, u.Amounts)
	for key, amount := range parts(e.call, e.call.Most) {
		l := m.at(key)
		if e.state == "swept" {
			l.used, l.estimated = l.used-amount, l.estimated-amount
		} else if e.state != "released" {
			l.reserved -= amount
		}
		if charged {
			l.used += actual[key]
			if u.Estimated {
				l.estimated += actual[key]
			}
		}
	}
	if e.state == "open" || e.state == "orphan" {
		m.open[e.call.Agent]--
	}
}

var (
	modelAgents = []string{"shop/a", "shop/b"}
	modelLimits = &AgentLimits{Concurrency: 6, Run: RunLimits{Steps: Bound{Max: 8}, Tokens: Bound{Max: 2000}, MicroUSD: Bound{Max: 9000}}}
	modelUsers  = []string{"ana", "bo"}
)

func modelCharges(agent, user string) []Charge {
	month := Window{Kind: Month, TimeZone: "Pacific/Apia"}
	return []Charge{
		ofAgent(agent, &Budget{ID: "own", Unit: TotalTokens, Limit: 6000, Window: month}),
		ofAgent(agent, &Budget{ID: "own-usd", Unit: MicroUSD, Limit: 40_000, Window: Window{Kind: Rolling, Length: 24 * time.Hour}}),
		ofTeam("shop", &Budget{ID: "team", Unit: MicroUSD, Limit: 60_000, Window: Window{Kind: NoWindow}}),
		ofTeam("shop", &Budget{ID: "shadow", Unit: OutputTokens, Limit: 500, Window: month, Mode: Shadow}),
		{&Budget{ID: "user", Unit: Requests, Limit: 30, Window: Window{Kind: Rolling, Length: 30 * 24 * time.Hour}}, Scope{EndUserScope, user}},
		{&Budget{ID: "small", Unit: InputTokens, Limit: 150, Window: month}, Scope{SharedScope, "pool"}},
	}
}

// comparison drives the store and the model side by side.
type comparison struct {
	steps
	server  *server
	m       *model
	entries []*entry
	charges map[string]Charge
	prefix  string
	// gateways take turns: what one has reserved, another one can commit.
	gateways []*Client
}

func (c *comparison) pick(rt *rapid.T, states ...string) *entry {
	var some []*entry
	for _, e := range c.entries {
		if slices.Contains(states, e.state) {
			some = append(some, e)
		}
	}
	if len(some) == 0 {
		rt.Skip("none")
	}
	return rapid.SampledFrom(some).Draw(rt, "call")
}

func drawAmounts(rt *rapid.T, most int64) Amounts {
	return Amounts{InputTokens: rapid.Int64Range(0, most).Draw(rt, "input"), OutputTokens: rapid.Int64Range(0, most).Draw(rt, "output"),
		MicroUSD: rapid.Int64Range(0, 20*most).Draw(rt, "usd")}
}

// drawCall is a call under most of the budgets; without the shadow it is under those that a crowd can be judged by.
func (c *comparison) drawCall(rt *rapid.T, shadow bool) *Call {
	agent := c.prefix + rapid.SampledFrom(modelAgents).Draw(rt, "agent")
	call := newCall(agent, rapid.SampledFrom([]string{"", "r1", "r2", "r3"}).Draw(rt, "run"), modelLimits)
	call.Most = drawAmounts(rt, 200)
	for _, charge := range modelCharges(agent, rapid.SampledFrom(modelUsers).Draw(rt, "user")) {
		if rapid.IntRange(0, 3).Draw(rt, charge.Budget.ID) > 0 && (shadow || charge.Budget.Mode != Shadow) {
			charge.Budget.ID = c.prefix + charge.Budget.ID // rounds share the store
			call.Charges = append(call.Charges, charge)
			c.charges[chargeKey(charge)] = charge
		}
	}
	return call
}

func (c *comparison) reserveOne(rt *rapid.T, state string) {
	call := c.drawCall(rt, true)
	if state == "orphan" {
		call.Timeout = time.Millisecond
	}
	want, shadows := c.m.judge(call)
	v, err := c.c.Reserve(c.t.Context(), call)
	if err != nil {
		rt.Fatal(err)
	}
	for _, key := range shadows {
		c.m.at(key).would++
	}
	got := Reason("")
	if v.Denial != nil {
		got = v.Denial.Reason
	}
	if got != want {
		rt.Fatalf("%s: got %q, want %q: %+v", call.ID, got, want, v.Denial)
	}
	if got != "" {
		return
	}
	if v.WouldDeny != (len(shadows) > 0) {
		rt.Fatalf("would deny %v, want %v", v.WouldDeny, shadows)
	}
	c.m.reserve(call)
	c.entries = append(c.entries, &entry{call, v.Reservation, state})
	if state == "orphan" {
		c.sweep(rt)
	}
}

// crowd reserves many calls at once through all gateways. Whatever the order was, no limit is passed, and a call that was
// under its agent's limits only was refused for something that still holds: reservations only add up.
func (c *comparison) crowd(rt *rapid.T) {
	calls := make([]*Call, rapid.IntRange(2, 12).Draw(rt, "calls"))
	verdicts, errs := make([]*Verdict, len(calls)), make([]error, len(calls))
	for i := range calls {
		calls[i] = c.drawCall(rt, false)
	}
	var all sync.WaitGroup
	for i, call := range calls {
		all.Go(func() { verdicts[i], errs[i] = c.gateways[i%len(c.gateways)].Reserve(c.t.Context(), call) })
	}
	all.Wait()
	for i, call := range calls {
		if errs[i] != nil {
			rt.Fatal(errs[i])
		}
		if verdicts[i].Denial == nil {
			c.m.reserve(call)
			c.entries = append(c.entries, &entry{call, verdicts[i].Reservation, "open"})
		}
	}
	for i, call := range calls {
		for _, charge := range call.Charges {
			l := c.m.at(chargeKey(charge))
			if verdicts[i].Denial == nil && l.used+l.reserved > charge.Budget.Limit {
				rt.Fatalf("%s is overdrawn: %+v", charge.Budget.ID, *l)
			}
		}
		alone := !slices.ContainsFunc(call.Charges, func(c Charge) bool { return c.Scope.Kind != AgentScope })
		if d := verdicts[i].Denial; d != nil && alone && c.onlyAlone(calls) {
			if reason, _ := c.m.judge(call); reason == "" {
				rt.Fatalf("%s was refused for nothing: %+v", call.ID, *d)
			}
		}
	}
}

// onlyAlone says that no call of the crowd could be rolled back after it had reserved.
func (c *comparison) onlyAlone(calls []*Call) bool {
	return !slices.ContainsFunc(calls, func(call *Call) bool {
		return slices.ContainsFunc(call.Charges, func(c Charge) bool { return c.Scope.Kind != AgentScope })
	})
}

// sweep waits until the store has passed the deadline of the orphans, and looks at every slot.
func (c *comparison) sweep(rt *rapid.T) {
	for _, e := range c.entries {
		if e.state != "orphan" {
			continue
		}
		await(c.t, "the deadline", func() bool {
			if err := c.c.Ready(c.t.Context()); err != nil {
				rt.Fatal(err)
			}
			return c.c.store.clock.now() > e.reservation.deadline+2
		})
		c.m.settle(e, Usage{Amounts: e.call.Most, Estimated: true}, true)
		e.state = "swept"
		_, _ = c.c.Runs(c.t.Context(), e.call.Agent, "", 1)
	}
}

func (c *comparison) commitOne(rt *rapid.T, states ...string) {
	e := c.pick(rt, states...)
	u := Usage{Amounts: drawAmounts(rt, 250), Estimated: rapid.Bool().Draw(rt, "estimated")}
	receipt, err := c.c.Commit(c.t.Context(), e.reservation, u)
	if err != nil || receipt.Duplicate || receipt.Late != (e.state == "swept") {
		rt.Fatalf("%+v %v", receipt, err)
	}
	c.m.settle(e, u, true)
	e.state = "committed"
}

func (c *comparison) releaseOne(rt *rapid.T) {
	e := c.pick(rt, "open", "swept")
	if err := c.c.Release(c.t.Context(), e.reservation); err != nil {
		rt.Fatal(err)
	}
	c.m.settle(e, Usage{}, false)
	e.state = "released"
}

// repeat does again what was done: nothing may change.
func (c *comparison) repeat(rt *rapid.T) {
	e := c.pick(rt, "open", "committed", "released")
	v, err := c.c.Reserve(c.t.Context(), e.call)
	if err != nil || (e.state == "open") != (v.Denial == nil && v.Duplicate) || (e.state != "open") != (v.Denial != nil && v.Denial.Reason == DuplicateCall) {
		rt.Fatalf("%s: %+v %v", e.state, v, err)
	}
	if e.state == "committed" {
		if r, err := c.c.Commit(c.t.Context(), e.reservation, Usage{Amounts: e.call.Most}); err != nil || !r.Duplicate {
			rt.Fatalf("%+v %v", r, err)
		}
	}
	if e.state != "open" {
		if err := c.c.Release(c.t.Context(), e.reservation); err != nil {
			rt.Fatal(err)
		}
	}
}

// check compares every budget and every run.
func (c *comparison) check(rt *rapid.T) {
	for _, key := range slices.Sorted(maps.Keys(c.charges)) {
		b, err := c.c.Usage(c.t.Context(), c.charges[key])
		if err != nil {
			rt.Fatal(err)
		}
		if got := (ledger{b.Used, b.Estimated, b.Reserved, b.WouldDeny}); got != *c.m.at(key) {
			rt.Fatalf("%s: store %+v, model %+v", key, got, *c.m.at(key))
		}
	}
	for _, agent := range modelAgents {
		page, err := c.c.Runs(c.t.Context(), c.prefix+agent, "", 100)
		if err != nil {
			rt.Fatal(err)
		}
		for _, r := range page.Runs {
			for name, counter := range map[string]Counter{"|steps": r.Steps, "|tokens": r.Tokens, "|usd": r.MicroUSD} {
				want := c.m.at("run|" + r.Agent + "|" + r.ID + name)
				if counter != (Counter{want.used, want.estimated, want.reserved}) {
					rt.Fatalf("%s %s: store %+v, model %+v", r.ID, name, counter, *want)
				}
			}
			if !c.m.runs[r.Agent+"|"+r.ID] {
				rt.Fatalf("run %s of %s never began", r.ID, r.Agent)
			}
		}
	}
}

// Whatever is done in whatever order, with Redis killed in between, the store says what a model of plain sums says.
func TestScriptsAgreeWithAModelOfPlainSums(t *testing.T) {
	s := startServer(t)
	gateways := []*Client{s.client(t), s.client(t), s.client(t)}
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		c := &comparison{steps: steps{t, gateways[0]}, server: s, gateways: gateways, charges: map[string]Charge{}, prefix: fmt.Sprintf("m%d-", round),
			m: &model{limits: modelLimits, ledgers: map[string]*ledger{}, runs: map[string]bool{}, open: map[string]int64{}}}
		rt.Repeat(map[string]func(*rapid.T){
			"reserve":       func(rt *rapid.T) { c.reserveOne(rt, "open") },
			"reserve more":  func(rt *rapid.T) { c.reserveOne(rt, "open") },
			"a crowd":       c.crowd,
			"orphan":        func(rt *rapid.T) { c.reserveOne(rt, "orphan") },
			"commit":        func(rt *rapid.T) { c.commitOne(rt, "open") },
			"commit late":   func(rt *rapid.T) { c.commitOne(rt, "swept", "released") },
			"release":       c.releaseOne,
			"repeat a step": c.repeat,
			"kill redis": func(rt *rapid.T) {
				if rapid.IntRange(0, 9).Draw(rt, "rarely") > 0 {
					rt.Skip("not now")
				}
				s.kill()
				s.start()
			},
			"": func(rt *rapid.T) {
				c.check(rt)
				c.c = gateways[rapid.IntRange(0, len(gateways)-1).Draw(rt, "gateway")]
			},
		})
	})
}
