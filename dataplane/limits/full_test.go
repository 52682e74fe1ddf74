package limits

import (
	"context"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// set changes a setting of the running store.
func (s *server) set(name, value string) {
	s.t.Helper()
	db := redis.NewClient(&redis.Options{Addr: s.socket()})
	defer db.Close()
	if err := db.Do(context.Background(), "CONFIG", "SET", name, value).Err(); err != nil {
		s.t.Fatal(err)
	}
}

// A store that takes no writes is one that is away: a script is done whole or not at all, and nothing that was used is lost.
// Its memory may be full, or it may have become a replica of another one.
func TestAStoreThatTakesNoWritesIsAway(t *testing.T) {
	for name, states := range map[string][2][2]string{
		"memory is full": {{"maxmemory", "1"}, {"maxmemory", "0"}},
		"a replica":      {{"replicaof", "127.0.0.1 1"}, {"replicaof", "no one"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t)
			client := s.client(t)
			c := steps{t, client}
			l := &AgentLimits{Run: RunLimits{Steps: Bound{Max: 3}}}
			team, own := ofTeam("shop", tokens(1000)), ofAgent("shop/a", &Budget{ID: "shop/own", Unit: Requests, Limit: 3, Window: Window{Kind: Day}})
			answered, failed := c.granted(newCall("shop/a", "run", l, team, own)), c.granted(newCall("shop/a", "run", l, team, own))
			turn := func(state [2]string) {
				if state[0] == "replicaof" {
					s.replicate(state[1])
					return
				}
				s.set(state[0], state[1])
			}
			turn(states[0])
			if _, err := client.Reserve(t.Context(), newCall("shop/a", "run", l, team, own)); !isDown(err) {
				t.Fatalf("a call is let through: %v", err)
			}
			if _, err := client.Commit(t.Context(), answered, usage(7, 3, 5)); err != nil && !isDown(err) {
				t.Fatal(err)
			}
			if err := client.Release(t.Context(), failed); err != nil && !isDown(err) {
				t.Fatal(err)
			}
			turn(states[1])
			await(t, "what waits is settled", func() bool { return client.Stats().Queued == 0 })
			c.stands(team, 10, 0, 0)
			c.stands(own, 1, 0, 0)
			if r := c.run("shop/a", "run"); r.Steps != (Counter{Used: 1}) || r.Tokens.Used != 10 || r.Tokens.Reserved != 0 {
				t.Errorf("run %+v", r.RunUsage)
			}
			for range 2 {
				c.commit(c.granted(newCall("shop/a", "run", l, team, own)), usage(1, 1, 1))
			}
			if v := c.reserve(newCall("shop/a", "run", l, team, own)); v.Denial == nil {
				t.Error("the limit is forgotten")
			}
		})
	}
}

// replicate makes the store a replica of another one, which keeps what it has while that one does not answer.
func (s *server) replicate(of string) {
	s.t.Helper()
	db := redis.NewClient(&redis.Options{Addr: s.socket()})
	defer db.Close()
	host, port, _ := strings.Cut(of, " ")
	if err := db.Do(context.Background(), "REPLICAOF", host, port).Err(); err != nil {
		s.t.Fatal(err)
	}
}
