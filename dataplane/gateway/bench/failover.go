package main

import (
	"cmp"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// failures are providers that fail in one way, by the first part of their path, and how long each takes to do so.
var failures = []struct {
	name  string
	after time.Duration
	calls int
	fail  http.HandlerFunc
}{
	{"500", 0, 100, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"error":{"message":"no"}}`, http.StatusInternalServerError)
	}},
	{"reset", 0, 100, reset},
	{"timeout", silence, 10, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
}

// silence is the time-out of a target that never answers.
const silence = 300 * time.Millisecond

func reset(w http.ResponseWriter, _ *http.Request) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_ = connection.(*net.TCPConn).SetLinger(0)
	_ = connection.Close()
}

// failing answers for a provider that fails; false for any other.
func failing(w http.ResponseWriter, r *http.Request) bool {
	for _, f := range failures {
		if strings.HasPrefix(r.URL.Path, "/"+f.name+"/") {
			f.fail(w, r)
			return true
		}
	}
	return false
}

// failoverPlan adds a target and a route for each way to fail: A fails, B is the provider that answers. A never rests, so that
// each call is the first that fails.
func (b *bed) failoverPlan(plan string) string {
	targets, routes, models := "", "", ""
	for _, f := range failures {
		targets += fmt.Sprintf(`,"%s":{"provider":"openai-compatible","endpoint":"%s/%s","model":"m","credential":{"secret":"agentops-a","keys":{"apiKey":"key"}},"timeoutMilliseconds":%d,"streamIdleMilliseconds":20000,"price":{"input":1,"output":1}}`,
			f.name, b.provider, f.name, cmp.Or(f.after, 5*time.Second).Milliseconds())
		routes += fmt.Sprintf(`,"%s":{"routing":"Priority","targets":[{"target":"%s"},{"target":"a"}],"retries":0,"cooldownSeconds":0,"failuresToCooldown":1000,"onError":%s}`, f.name, f.name, onError)
		models += fmt.Sprintf(`,"%s":"%s"`, f.name, f.name)
	}
	targets += fmt.Sprintf(`,"own":{"provider":"openai-compatible","endpoint":"%s","model":"m","via":"http://%s","timeoutMilliseconds":20000,"streamIdleMilliseconds":20000,"price":{"input":1,"output":1}}`, b.provider, b.tenant)
	routes += fmt.Sprintf(`,"own":{"routing":"Priority","targets":[{"target":"own"}],"retries":0,"cooldownSeconds":0,"failuresToCooldown":1000,"onError":%s}`, onError)
	models += `,"own":"own"`
	return filled(plan, b.provider, targets, routes, models)
}

// filled is the plan with a provider, and more targets, routes and models.
func filled(plan, provider, targets, routes, models string) string {
	return strings.NewReplacer("URL", provider, "ONERROR", onError, `,"TARGETS":{}`, targets, `,"ROUTES":{}`, routes, `,"MODELS":""`, models).Replace(plan)
}

// failover measures how long the longest call takes beyond the failure of A.
func (b *bed) failover() error {
	for _, f := range failures {
		call := b.ask(b.gateway, f.name, false)
		var longest time.Duration
		for n := range f.calls {
			began := time.Now()
			if err := call(int64(n)); err != nil {
				return fmt.Errorf("failover after %s: %w", f.name, err)
			}
			longest = max(longest, time.Since(began)-f.after)
		}
		tell("failover beyond a "+f.name, float64(longest.Microseconds())/1000, "ms")
	}
	return nil
}
