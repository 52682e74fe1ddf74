package limits

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"agentops.dev/dataplane/freeport"
)

func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// typical is a call under run limits, rates and three budgets, of which one lies in another slot.
func typical(agent string) (*AgentLimits, []Charge) {
	l := &AgentLimits{RunsAtOnce: 1000, NewRunsPerMinute: 1_000_000, RequestsPerMinute: 100_000_000, TokensPerMinute: 1_000_000_000_000,
		Run: RunLimits{Steps: Bound{Max: maxAmount}, Tokens: Bound{Max: maxAmount}, MicroUSD: Bound{Max: maxAmount},
			WallClock: Bound{Max: maxAmount}, Identical: Bound{Max: 5, Action: HoldRun}}}
	ladder := []Rung{{Action: Alert, Percent: 50}, {Action: CheaperModel, Percent: 80}, {Action: Hold, Percent: 95}}
	usd := &Budget{ID: "shop/usd", Unit: MicroUSD, Limit: maxAmount, Window: Window{Kind: Month, TimeZone: "Europe/Berlin"}, Ladder: ladder}
	day := &Budget{ID: "shop/day", Unit: TotalTokens, Limit: maxAmount, Window: Window{Kind: Day}}
	team := &Budget{ID: "platform/team", Unit: MicroUSD, Limit: maxAmount, Window: Window{Kind: Month}, Ladder: ladder}
	return l, []Charge{ofAgent(agent, usd), ofAgent(agent, day), ofTeam("shop", team)}
}

func benchmarkPair(b *testing.B, s *server, url string, parallel int) {
	client, err := New(Options{URL: url, Timeout: 5 * time.Second, Pool: 64})
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	l, charges := typical("shop/a")
	var n atomic.Uint64
	ctx := context.Background()
	b.ReportAllocs()
	b.SetParallelism(parallel)
	store := redis.NewClient(&redis.Options{Addr: s.socket()})
	defer store.Close()
	before, storeBefore := cpu(), storeCPU(store)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := n.Add(1)
			call := &Call{ID: fmt.Sprint(b.N, "-", i), Agent: "shop/a", Run: fmt.Sprint("run-", i%100), Fingerprint: i, Timeout: time.Minute,
				Most: Amounts{InputTokens: 800, OutputTokens: 400, MicroUSD: 5000}, Limits: l, Charges: charges}
			v, err := client.Reserve(ctx, call)
			if err != nil || v.Denial != nil {
				b.Error(err, v)
				return
			}
			if _, err := client.Commit(ctx, v.Reservation, usage(800, 120, 3000)); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64((cpu()-before).Microseconds())/float64(b.N), "cpu-µs/op")
	b.ReportMetric((storeCPU(store)-storeBefore)*1e6/float64(b.N), "redis-µs/op")
}

// storeCPU in seconds.
func storeCPU(db *redis.Client) (total float64) {
	for line := range strings.Lines(db.Info(context.Background(), "cpu").Val()) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if name == "used_cpu_user" || name == "used_cpu_sys" {
			seconds, _ := strconv.ParseFloat(value, 64)
			total += seconds
		}
	}
	return total
}

// BenchmarkMemory is what the store keeps: one run with its counters and a full list of fingerprints, the id of one settled
// call, a budget of a calendar window and one of a rolling window that was used in each of its buckets.
func BenchmarkMemory(b *testing.B) {
	s := startServer(b)
	c := steps{b, s.client(b)}
	ctx := context.Background()
	store := redis.NewClient(&redis.Options{Addr: s.socket()})
	defer store.Close()
	day := ofAgent("shop/a", tokens(maxAmount))
	rolling := ofAgent("shop/a", &Budget{ID: "shop/rolling", Unit: TotalTokens, Limit: maxAmount, Window: Window{Kind: Rolling, Length: time.Hour}})
	var last string
	for i := range b.N {
		for k := range maxLook {
			call := newCall("shop/a", fmt.Sprint("run-", i), &AgentLimits{}, day, rolling)
			call.Fingerprint = uint64(k + 1)
			c.commit(c.granted(call), Usage{Amounts{100, 20, 5000, false}, true})
			last = call.ID
		}
	}
	size := func(key string) float64 { return float64(store.MemoryUsage(ctx, agentRoot("shop/a")+key, 0).Val()) }
	b.ReportMetric(size(":r:run-0")+(size(":runs")+size(":live"))/float64(b.N), "bytes/run")
	b.ReportMetric(size(":s:"+last), "bytes/settled-call")
	b.ReportMetric(size(":b:"+day.Budget.ID+":"+c.stands(day, 120*maxLook*int64(b.N), 120*maxLook*int64(b.N), 0).WindowID), "bytes/budget")
	full := agentRoot("shop/a") + ":b:shop/rolling:rolling"
	for i := range 59 {
		store.HSet(ctx, full, fmt.Sprint("b", 29_000_000+i), 123456, fmt.Sprint("x", 29_000_000+i), 123456)
	}
	b.ReportMetric(size(":b:shop/rolling:rolling"), "bytes/rolling-budget")
}

// BenchmarkReserveAndCommit is a reserve and commit pair of a typical call: wall time, CPU of this process, allocations.
func BenchmarkReserveAndCommit(b *testing.B) {
	for _, transport := range []string{"unix", "tcp"} {
		for _, parallel := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s/clients=%d", transport, parallel), func(b *testing.B) {
				s := startServer(b)
				url := s.url()
				if transport == "tcp" {
					s.kill()
					s.port = freeport.Port(b)
					s.start()
					url = fmt.Sprintf("redis://127.0.0.1:%d", s.port)
				}
				benchmarkPair(b, s, url, parallel)
			})
		}
	}
}

// BenchmarkTwoRoundTrips is the floor: two commands without a word of ours, by the same client.
func BenchmarkTwoRoundTrips(b *testing.B) {
	s := startServer(b)
	client := s.client(b)
	for _, parallel := range []int{1, 16} {
		b.Run(fmt.Sprintf("unix/clients=%d", parallel), func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(parallel)
			before := cpu()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					for range 2 {
						if err := client.store.connections.Load().Ping(context.Background()).Err(); err != nil {
							b.Error(err)
						}
					}
				}
			})
			b.ReportMetric(float64((cpu()-before).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}
