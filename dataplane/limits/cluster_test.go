package limits

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"agentops.dev/dataplane/freeport"
)

// startCluster starts three nodes that share the slots.
func startCluster(t *testing.T) (urls []string, nodes []*server) {
	t.Helper()
	ctx := context.Background()
	for i := range 3 {
		s := startServer(t)
		s.kill()
		s.port = freeport.Port(t)
		s.start("--cluster-enabled", "yes", "--cluster-port", fmt.Sprint(freeport.Port(t)), "--cluster-node-timeout", "2000")
		db := redis.NewClient(&redis.Options{Addr: s.socket()})
		defer db.Close()
		if err := db.ClusterAddSlotsRange(ctx, i*5461, min(i*5461+5460, 16383)+i/2).Err(); err != nil {
			t.Fatal(err)
		}
		nodes, urls = append(nodes, s), append(urls, fmt.Sprintf("127.0.0.1:%d", s.port))
	}
	first := redis.NewClient(&redis.Options{Addr: nodes[0].socket()})
	defer first.Close()
	for _, s := range nodes[1:] {
		info := redis.NewClient(&redis.Options{Addr: s.socket()})
		bus := info.ConfigGet(ctx, "cluster-port").Val()["cluster-port"]
		if err := first.Do(ctx, "CLUSTER", "MEET", "127.0.0.1", s.port, bus).Err(); err != nil {
			t.Fatal(err)
		}
		info.Close()
	}
	for _, s := range nodes {
		db := redis.NewClient(&redis.Options{Addr: s.socket()})
		defer db.Close()
		await(t, "the cluster is whole", func() bool {
			info := db.ClusterInfo(ctx).Val()
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:3")
		})
	}
	return urls, nodes
}

// On a cluster each script stays in its slot, a call over several slots is reserved in all or none, and a node that comes
// back without scripts gets them again.
func TestCallsSpanTheNodesOfACluster(t *testing.T) {
	urls, nodes := startCluster(t)
	client, err := New(Options{URL: "redis://" + urls[0], Addresses: urls[1:], Cluster: true, Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	c := steps{t, client}
	for i := range 20 {
		agent, user := fmt.Sprint("shop/agent-", i), Charge{tokens(1000), Scope{EndUserScope, fmt.Sprint("user-", i)}}
		own, team := ofAgent(agent, tokens(1000)), ofTeam(fmt.Sprint("team-", i), tokens(200, Rung{Action: Hold, Percent: 50}))
		l := &AgentLimits{RunsAtOnce: 5, RequestsPerMinute: 100, Concurrency: 5}
		r := c.granted(newCall(agent, "run", l, own, team, user))
		c.denied(newCall(agent, "run", l, own, team, user), BudgetInFlight)
		c.commit(r, usage(100, 10, 5))
		c.denied(newCall(agent, "run", l, own, team, user), BudgetExhausted)
		small := newCall(agent, "run", l, own, team, user)
		small.Most.InputTokens = 10
		c.denied(small, RunHeld)
		c.stands(own, 110, 0, 0)
		c.stands(team, 110, 0, 0)
		c.stands(user, 110, 0, 0)
	}
	for _, s := range nodes {
		db := redis.NewClient(&redis.Options{Addr: s.socket()})
		if n := db.DBSize(context.Background()).Val(); n < 10 {
			t.Errorf("a node holds %d keys", n)
		}
		db.ScriptFlush(context.Background())
		db.Close()
	}
	own, team := ofAgent("shop/last", tokens(1000)), ofTeam("last", tokens(1000))
	c.commit(c.granted(newCall("shop/last", "run", nil, own, team)), usage(1, 1, 0))
	c.stands(team, 2, 0, 0)
}
