package limits

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// The same id counts once, whichever step is repeated, and is never used for a second call.
func TestEachStepIsIdempotentByTheCallsID(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	own, team := ofAgent("shop/a", tokens(1000)), ofTeam("shop", tokens(1000))
	call := newCall("shop/a", "run", &AgentLimits{RequestsPerMinute: 5, Concurrency: 1}, own, team)
	first := c.granted(call)
	if v := c.reserve(call); v.Denial != nil || !v.Duplicate || v.Run.Steps.Reserved != 1 {
		t.Fatalf("%+v", v)
	}
	c.stands(team, 0, 0, 150)
	c.commit(first, usage(10, 5, 7))
	if again := c.commit(first, usage(10, 5, 7)); !again.Duplicate {
		t.Fatalf("%+v", again)
	}
	c.release(first)
	c.denied(call, DuplicateCall)
	c.stands(own, 15, 0, 0)
	c.stands(team, 15, 0, 0)
	if r := c.run("shop/a", "run"); r.Steps.Used != 1 || r.Tokens.Used != 15 || r.MicroUSD.Used != 7 {
		t.Fatalf("%+v", r)
	}
	released := newCall("shop/a", "run", nil, own)
	r := c.granted(released)
	c.release(r)
	c.release(r)
	c.denied(released, DuplicateCall)
	c.stands(own, 15, 0, 0)
}

// An orphan is charged whole and marked estimated in every scope and in its run; a late commit corrects that charge.
func TestOrphansAreChargedWholeAndCorrectedByALateCommit(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	own, team := ofAgent("shop/a", tokens(1000)), ofTeam("shop", tokens(1000))
	call := newCall("shop/a", "run", nil, own, team)
	call.Timeout = 20 * time.Millisecond
	r := c.granted(call)
	await(t, "the orphan is swept in both scopes", func() bool {
		s, err := c.c.Usage(t.Context(), team)
		return err == nil && s.Reserved == 0 && c.run("shop/a", "run").Steps.Used == 1
	})
	c.stands(own, 150, 150, 0)
	c.stands(team, 150, 150, 0)
	if run := c.run("shop/a", "run"); run.Tokens != (Counter{150, 150, 0}) || run.MicroUSD != (Counter{1000, 1000, 0}) {
		t.Fatalf("%+v", run)
	}
	if receipt := c.commit(r, usage(20, 10, 300)); !receipt.Late {
		t.Fatalf("%+v", receipt)
	}
	if again := c.commit(r, usage(20, 10, 300)); !again.Duplicate {
		t.Fatalf("%+v", again)
	}
	c.stands(own, 30, 0, 0)
	c.stands(team, 30, 0, 0)
	if run := c.run("shop/a", "run"); run.Tokens != (Counter{30, 0, 0}) || run.MicroUSD != (Counter{300, 0, 0}) || run.Steps.Used != 1 {
		t.Fatalf("%+v", run)
	}
}

// An orphan whose call turns out to have failed is given back.
func TestLateReleaseGivesBackAnOrphan(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	b := ofTeam("shop", tokens(1000))
	call := newCall("shop/a", "", nil, b)
	call.Timeout = time.Millisecond
	r := c.granted(call)
	await(t, "the orphan is swept", func() bool { s, _ := c.c.Usage(t.Context(), b); return s.Estimated == 150 })
	c.release(r)
	c.stands(b, 0, 0, 0)
}

// Usage that the gateway had to estimate is counted beside used.
func TestEstimatedUsageIsMarked(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	b := ofTeam("shop", tokens(1000))
	c.commit(c.granted(newCall("shop/a", "run", nil, b)), Usage{Amounts{InputTokens: 60}, true})
	c.commit(c.granted(newCall("shop/a", "run", nil, b)), usage(40, 0, 0))
	c.stands(b, 100, 60, 0)
}

// A commit after a release charges: the provider was used after all.
func TestCommitAfterReleaseCharges(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	b := ofTeam("shop", tokens(1000))
	r := c.granted(newCall("shop/a", "run", nil, b))
	c.release(r)
	c.commit(r, usage(10, 0, 5))
	c.commit(r, usage(10, 0, 5))
	c.stands(b, 10, 0, 0)
	if run := c.run("shop/a", "run"); run.Tokens.Used != 10 || run.Steps.Used != 1 {
		t.Fatalf("%+v", run)
	}
}

// Redis forgets scripts when it restarts, and nothing else.
func TestScriptsAreLoadedAgainAfterARestart(t *testing.T) {
	s := startServer(t)
	c := steps{t, s.client(t)}
	own, team := ofAgent("shop/a", tokens(1000)), ofTeam("shop", tokens(1000))
	first := c.granted(newCall("shop/a", "run", nil, own, team))
	s.kill()
	s.start()
	second := c.granted(newCall("shop/a", "run", nil, own, team))
	c.commit(first, usage(10, 0, 0))
	c.commit(second, usage(10, 0, 0))
	db := redis.NewClient(&redis.Options{Addr: s.socket()})
	defer db.Close()
	if err := db.ScriptFlush(context.Background()).Err(); err != nil {
		t.Fatal(err)
	}
	c.commit(c.granted(newCall("shop/a", "run", nil, own, team)), usage(10, 0, 0))
	c.stands(own, 30, 0, 0)
	c.stands(team, 30, 0, 0)
}

// Everything that is written has an expiry: nothing stays for ever.
func TestEveryKeyExpires(t *testing.T) {
	s := startServer(t)
	c := steps{t, s.client(t)}
	l := &AgentLimits{RunsAtOnce: 9, NewRunsPerMinute: 9, RequestsPerMinute: 9, TokensPerMinute: 900, Concurrency: 9, Run: RunLimits{Steps: Bound{Max: 1, Action: HoldRun}}}
	var charges []Charge
	for _, kind := range []WindowKind{Hour, Day, Week, Month, Rolling, NoWindow} {
		w := Window{Kind: kind}
		if kind == Rolling {
			w.Length = time.Hour
		}
		charges = append(charges, ofTeam("shop", &Budget{ID: "b/" + string(kind), Unit: Requests, Limit: 3, Window: w}),
			ofAgent("shop/a", &Budget{ID: "s/" + string(kind), Unit: Requests, Limit: 1, Window: w, Mode: Shadow}))
	}
	c.commit(c.granted(newCall("shop/a", "run", l, charges...)), usage(1, 1, 1))
	c.denied(newCall("shop/a", "run", l, charges...), RunHeld)
	c.release(c.granted(newCall("shop/a", "other", l, charges...)))
	orphan := newCall("shop/a", "third", l, charges...)
	orphan.Timeout = time.Millisecond
	c.granted(orphan)
	c.granted(newCall("shop/a", "fourth", l, charges...))
	c.commit(c.c.Unreserved(newCall("shop/b", "run", l, ofAgent("shop/b", tokens(100)))), usage(1, 1, 1))
	db := redis.NewClient(&redis.Options{Addr: s.socket()})
	defer db.Close()
	keys, err := db.Keys(context.Background(), "*").Result()
	if err != nil || len(keys) < 20 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	for _, key := range keys {
		if ttl := db.PTTL(context.Background(), key).Val(); ttl <= 0 {
			t.Errorf("%s does not expire", key)
		}
	}
}

// A mistake of the caller is named with its field, and reaches no store.
func TestMistakesAreNamed(t *testing.T) {
	c, err := New(Options{URL: "unix:///nowhere"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	day := Window{Kind: Day}
	for field, change := range map[string]func(*Call){
		"call.id":      func(c *Call) { c.ID = "a{b}" },
		"call.agent":   func(c *Call) { c.Agent = "" },
		"call.run":     func(c *Call) { c.Run = "run\r\nx: y" },
		"call.timeout": func(c *Call) { c.Timeout = 0 },
		"outputTokens": func(c *Call) { c.Most.OutputTokens = -1 },
		"microUSD":     func(c *Call) { c.Most.MicroUSD = 1 << 60 },
		"budget.limit": func(c *Call) { c.Charges[0].Budget = &Budget{ID: "b", Unit: Requests, Limit: -5, Window: day} },
		"budget.unit":  func(c *Call) { c.Charges[0].Budget = &Budget{ID: "b", Unit: "Euro", Limit: 5, Window: day} },
		"window.kind":  func(c *Call) { c.Charges[0].Budget = &Budget{ID: "b", Unit: Requests, Limit: 5} },
		"window.timeZone": func(c *Call) {
			c.Charges[0].Budget = &Budget{ID: "b", Unit: Requests, Limit: 5, Window: Window{Kind: Day, TimeZone: "Mars"}}
		},
		"window.length": func(c *Call) {
			c.Charges[0].Budget = &Budget{ID: "b", Unit: Requests, Limit: 5, Window: Window{Kind: Rolling}}
		},
		"ladder.percent": func(c *Call) {
			c.Charges[0].Budget = &Budget{ID: "b", Unit: Requests, Limit: 5, Window: day, Ladder: []Rung{{Action: Alert, Percent: 101}}}
		},
		"ladder.action": func(c *Call) {
			c.Charges[0].Budget = &Budget{ID: "b", Unit: Requests, Limit: 5, Window: day, Ladder: []Rung{{Action: "Shout", Percent: 50}}}
		},
		"scope.value": func(c *Call) { c.Charges[0].Scope.Value = "shop/another" },
	} {
		call := newCall("shop/a", "run", nil, ofAgent("shop/a", tokens(10)))
		change(call)
		var invalid *ErrInvalid
		if _, err := c.Reserve(t.Context(), call); !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("want %s named, got %v", field, err)
		}
	}
}
