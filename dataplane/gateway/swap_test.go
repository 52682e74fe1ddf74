package gateway

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tidwall/gjson"

	"agentops.dev/dataplane/identity"
)

// largePlan has a thousand agents and two hundred routes beside the agent that calls; number makes each one another plan.
func largePlan(t *testing.T, file string, number int) []byte {
	t.Helper()
	small, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	agent, chat := gjson.GetBytes(small, "agents.shop/billing").Raw, gjson.GetBytes(small, "routes.chat").Raw
	var agents, routes strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&agents, `"team-%d/agent-%d":%s,`, i%20, i, strings.Replace(agent, `"run":{}`, fmt.Sprintf(`"run":{"steps":{"max":%d,"action":"Refuse"}}`, 1+(i+number)%50), 1))
	}
	for i := range 200 {
		fmt.Fprintf(&routes, `"alias-%d":%s,`, i, chat)
	}
	return []byte(strings.NewReplacer(`"agents":{`, `"agents":{`+agents.String(), `"routes":{`, `"routes":{`+routes.String()).Replace(string(small)))
}

// A plan of a thousand agents and two hundred aliases comes into force again and again while clients call, and not one call
// fails. SOAK_SWAPS makes it longer.
func TestLargePlansAreSwappedUnderLoad(t *testing.T) {
	n := startNode(t, hello, nil)
	swaps, _ := strconv.Atoi(os.Getenv("SOAK_SWAPS"))
	plans := [][]byte{largePlan(t, n.settings.Plan, 0), largePlan(t, n.settings.Plan, 1)}
	token, operator := n.token("agentops/shop/billing", "shop", "billing"), n.token(identity.ReaderAudience, "agentops-system", "agentops-operator")
	var calls, failed atomic.Int64
	stop, clients := make(chan struct{}), sync.WaitGroup{}
	for range 4 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if status, text := n.do(http.MethodPost, n.settings.Listen+"/v1/chat/completions", token, question); status != 200 {
					failed.Add(1)
					t.Log(status, text)
				}
				calls.Add(1)
			}
		})
	}
	digest := func() string {
		_, text := n.do(http.MethodGet, n.settings.AdminListen+"/v1/state", operator, "")
		return gjson.Get(text, "plan.digest").Str
	}
	for i := range max(3, swaps) {
		before, made := digest(), calls.Load()
		// As the kubelet does it: the file is there whole, or not yet.
		if err := os.WriteFile(n.settings.Plan+".new", plans[i%2], 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(n.settings.Plan+".new", n.settings.Plan); err != nil {
			t.Fatal(err)
		}
		n.await("the next plan is in force, and calls went on", func() bool { return digest() != before && calls.Load() > made+20 })
	}
	close(stop)
	clients.Wait()
	if failed.Load() > 0 {
		t.Errorf("%d of %d calls failed", failed.Load(), calls.Load())
	}
	t.Logf("%d calls", calls.Load())
}
