package limits

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	soakClients  = 64
	soakGateways = 3
	soakTimeout  = 2 * time.Second
)

// gateway is one replica's client, which can die: what it had in memory is gone then.
type gateway struct{ client atomic.Pointer[Client] }

// die closes the connections and forgets the queue, as a killed process does.
func (g *gateway) die(next *Client) {
	old := g.client.Swap(next)
	close(old.queue.quit)
	_ = old.store.connections.Load().Close()
}

// bill is what a provider would charge, and what is known of how the store has taken it.
type bill struct {
	mu       sync.Mutex
	provider int64 // of all calls that were made
	charged  int64 // committed for certain
	orphaned int64 // reserved by calls whose gateway died before it could commit
	unsure   []unsure
	refused  atomic.Int64
	made     atomic.Int64
}

// unsure is a call whose last step got no answer: how it ended is looked up in the store.
type unsure struct {
	id            string
	actual, whole int64
	released      bool // never made, or given back
}

func (b *bill) add(provider, charged, orphaned int64) {
	b.made.Add(1)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.provider, b.charged, b.orphaned = b.provider+provider, b.charged+charged, b.orphaned+orphaned
}

func (b *bill) lookUp(u unsure) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.unsure = append(b.unsure, u)
}

type soak struct {
	t        *testing.T
	server   *server
	gateways [soakGateways]*gateway
	team     Charge
	own      func(agent string) Charge
	bill     bill
	calls    int64
	next     atomic.Int64
}

func soakCalls(t *testing.T) int64 {
	if n, err := strconv.ParseInt(os.Getenv("SOAK_CALLS"), 10, 64); err == nil {
		return n
	}
	if testing.Short() {
		return 1000
	}
	return 4000
}

// 64 clients of 3 gateways spend one budget while Redis and gateways are killed: nobody passes the limit at any moment, and
// what is charged is the provider's bill plus marked estimates, nothing twice.
func TestBudgetsAreNeverOverdrawnAndChargedEqualsTheBill(t *testing.T) {
	s := &soak{t: t, server: startServer(t), calls: soakCalls(t)}
	// A call uses 25 on average: about nine of ten fit, and the end is a crowd at the limit.
	limit := s.calls * 22
	s.team = ofTeam("shop", &Budget{ID: "team", Unit: MicroUSD, Limit: limit, Window: Window{Kind: NoWindow}})
	s.own = func(agent string) Charge {
		return ofAgent(agent, &Budget{ID: "own", Unit: MicroUSD, Limit: limit, Window: Window{Kind: NoWindow}})
	}
	for i := range s.gateways {
		s.gateways[i] = &gateway{}
		s.gateways[i].client.Store(s.newClient())
	}
	done := make(chan struct{})
	var chaos sync.WaitGroup
	chaos.Go(func() { s.killThings(done) })
	chaos.Go(func() { s.watch(done) })
	var clients sync.WaitGroup
	for i := range soakClients {
		clients.Go(func() { s.spend(rand.New(rand.NewPCG(uint64(i), 1)), i) })
	}
	clients.Wait()
	close(done)
	chaos.Wait()
	s.audit()
}

func (s *soak) newClient() *Client {
	c, err := New(Options{URL: s.server.url(), Timeout: 5 * time.Second, Pool: 24, Remember: time.Hour})
	if err != nil {
		s.t.Error(err)
	}
	return c
}

// spend makes calls until all are made or refused, each with a reservation of up to 100 and a use of up to that.
func (s *soak) spend(random *rand.Rand, i int) {
	for s.next.Add(1) <= s.calls {
		agent := fmt.Sprintf("shop/agent-%d", i%8)
		whole := 1 + random.Int64N(100)
		for {
			call := newCall(agent, fmt.Sprint("run-", i), nil, s.own(agent), s.team)
			call.Timeout, call.Most = soakTimeout, Amounts{MicroUSD: whole}
			if s.one(random, s.gateways[random.IntN(soakGateways)], call, whole) {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// one call; false if the store was down and the call was not made.
func (s *soak) one(random *rand.Rand, g *gateway, call *Call, whole int64) bool {
	client := g.client.Load()
	verdict, err := client.Reserve(context.Background(), call)
	switch {
	case isDown(err):
		// A living gateway gives it back when the store answers; of a dead one an orphan may be left.
		s.bill.lookUp(unsure{id: call.ID, whole: whole, released: true})
		return false
	case err != nil:
		s.t.Error(err)
		return true
	case verdict.Denial != nil:
		s.bill.refused.Add(1)
		// What it had reserved elsewhere may not have been given back.
		s.bill.lookUp(unsure{id: call.ID, whole: whole, released: true})
		return true
	}
	actual := random.Int64N(whole + 1)
	switch random.IntN(20) {
	case 0: // the provider failed
		if err := client.Release(context.Background(), verdict.Reservation); err != nil {
			s.bill.lookUp(unsure{id: call.ID, whole: whole, released: true})
		}
	case 1: // the gateway died between answer and commit
		s.bill.add(actual, 0, whole)
	default:
		_, err := client.Commit(context.Background(), verdict.Reservation, usage(0, 0, actual))
		if err != nil {
			s.bill.add(actual, 0, 0)
			s.bill.lookUp(unsure{id: call.ID, actual: actual, whole: whole})
			break
		}
		s.bill.add(actual, actual, 0)
		if random.IntN(10) == 0 {
			_, _ = client.Commit(context.Background(), verdict.Reservation, usage(0, 0, actual))
		}
	}
	return true
}

// killThings kills Redis and gateways in turn and starts them again.
func (s *soak) killThings(done chan struct{}) {
	pause := 700 * time.Millisecond
	for i := 0; ; i++ {
		select {
		case <-done:
			return
		case <-time.After(pause):
		}
		if i%3 == 1 {
			s.gateways[(i/3)%soakGateways].die(s.newClient())
			continue
		}
		s.server.kill()
		begun := time.Now()
		s.server.start()
		// The longer the log that it reads when it starts, the rarer.
		pause = max(pause, 4*time.Since(begun))
	}
}

// watch looks at the budget all the time: used and reserved never pass the limit.
func (s *soak) watch(done chan struct{}) {
	client := s.newClient()
	defer client.Close()
	for {
		select {
		case <-done:
			return
		case <-time.After(5 * time.Millisecond):
		}
		b, err := client.Usage(context.Background(), s.team)
		if err == nil && b.Used+b.Reserved > b.Limit {
			s.t.Errorf("overdrawn: used %d, reserved %d, limit %d", b.Used, b.Reserved, b.Limit)
		}
	}
}

// audit waits until nothing is open and compares.
func (s *soak) audit() {
	client := s.newClient()
	defer client.Close()
	await(s.t, "queues are empty", func() bool {
		var waits int64
		for _, g := range s.gateways {
			c := g.client.Load()
			waits += c.Stats().Queued
		}
		return waits == 0
	})
	var team *BudgetState
	await(s.t, "orphans are swept", func() bool {
		b, err := client.Usage(context.Background(), s.team)
		if err != nil {
			return false
		}
		team = b
		return b.Reserved == 0
	})
	for _, g := range s.gateways {
		c := g.client.Load()
		if err := c.Close(); err != nil {
			s.t.Error(err)
		}
	}
	used, estimated := s.expected()
	s.t.Logf("%d calls made, %d refused, %d looked up; used %d of %d, estimated %d, provider's bill %d",
		s.bill.made.Load(), s.bill.refused.Load(), len(s.bill.unsure), team.Used, team.Limit, team.Estimated, s.bill.provider)
	if team.Used != used || team.Estimated != estimated {
		s.t.Errorf("team: used %d estimated %d, want %d %d", team.Used, team.Estimated, used, estimated)
	}
	if team.Used > team.Limit || team.Used < s.bill.provider {
		s.t.Errorf("used %d is not between the bill %d and the limit %d", team.Used, s.bill.provider, team.Limit)
	}
	if s.bill.refused.Load() == 0 {
		s.t.Error("nobody came to the limit")
	}
	own := int64(0)
	for i := range 8 {
		// An orphan can lie in one scope only, with a deadline of its own.
		await(s.t, "orphans of the agent are swept", func() bool {
			b, err := client.Usage(context.Background(), s.own(fmt.Sprintf("shop/agent-%d", i)))
			if err != nil || b.Reserved != 0 {
				return false
			}
			own += b.Used
			return true
		})
	}
	// Each call is charged to both or, if its gateway died in the middle, too much to one: never too little.
	if own < s.bill.provider {
		s.t.Errorf("own budgets %d, the bill is %d", own, s.bill.provider)
	}
}

// expected adds up what must have been charged to the team. Of calls whose gateway died meanwhile the store knows how they
// ended: committed, given back, never reserved, or swept.
func (s *soak) expected() (used, estimated int64) {
	db := redis.NewClient(&redis.Options{Addr: s.server.socket()})
	defer db.Close()
	root, _ := s.team.Scope.root()
	used, estimated = s.bill.charged+s.bill.orphaned, s.bill.orphaned
	for _, u := range s.bill.unsure {
		mark, err := db.Get(context.Background(), root+":s:"+u.id).Result()
		switch {
		case errors.Is(err, redis.Nil) && u.released, mark == "r" && u.released:
		case mark == "c" && !u.released:
			used += u.actual
		case len(mark) > 1:
			used, estimated = used+u.whole, estimated+u.whole
		default:
			s.t.Errorf("%+v ended as %q %v", u, mark, err)
		}
	}
	return used, estimated
}
