package limits

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"agentops.dev/dataplane/freeport"
)

const sentinelConfig = `port %d
bind 127.0.0.1
dir %s
requirepass watch
sentinel sentinel-pass watch
sentinel monitor limits 127.0.0.1 %d 2
sentinel auth-pass limits count
sentinel down-after-milliseconds limits 60000
sentinel failover-timeout limits 1000
`

// guarded are a primary and its replica, watched by three Sentinels; all of them ask for a password.
type guarded struct {
	t         *testing.T
	servers   []*server
	sentinels []string
}

func startSentinels(t *testing.T) *guarded {
	t.Helper()
	g := &guarded{t: t}
	for range 2 {
		s := startServer(t)
		s.kill()
		s.port = freeport.Port(t)
		g.servers = append(g.servers, s)
	}
	g.start(0)
	g.follow(1, 0)
	g.awaitReplica(1)
	for range 3 {
		g.startSentinel()
	}
	g.eachSentinel(func(db *redis.Client) {
		await(t, "the sentinel knows the replica and the other sentinels", func() bool {
			return strings.Contains(db.Info(t.Context(), "sentinel").Val(), "slaves=1,sentinels=3")
		})
	})
	return g
}

func (g *guarded) eachSentinel(do func(*redis.Client)) {
	g.t.Helper()
	for _, address := range g.sentinels {
		db := redis.NewClient(&redis.Options{Addr: address, Password: "watch"})
		do(db)
		db.Close()
	}
}

// patience is how long a server may be silent. It is short only while one is dead: a busy machine makes the others silent too.
func (g *guarded) patience(ms int) {
	g.t.Helper()
	g.eachSentinel(func(db *redis.Client) {
		if err := db.Do(g.t.Context(), "sentinel", "set", "limits", "down-after-milliseconds", ms).Err(); err != nil {
			g.t.Fatal(err)
		}
	})
}

// start gives a server its password through a connection that is older than it.
func (g *guarded) start(i int, more ...string) {
	g.t.Helper()
	s := g.servers[i]
	s.start(append(more, "--masterauth", "count", "--repl-diskless-sync-delay", "0")...)
	db := redis.NewClient(&redis.Options{Addr: s.socket()})
	defer db.Close()
	if err := db.ConfigSet(g.t.Context(), "requirepass", "count").Err(); err != nil {
		g.t.Fatal(err)
	}
}

// follow starts a server as the replica of the other one.
func (g *guarded) follow(i, primary int) {
	g.t.Helper()
	g.start(i, "--replicaof", fmt.Sprint("127.0.0.1 ", g.servers[primary].port))
}

func (g *guarded) startSentinel() {
	g.t.Helper()
	port, dir := freeport.Port(g.t), g.t.TempDir()
	file := filepath.Join(dir, "sentinel.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, sentinelConfig, port, dir, g.servers[0].port), 0o600); err != nil {
		g.t.Fatal(err)
	}
	process := exec.Command("redis-server", file, "--sentinel")
	if err := process.Start(); err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { _ = process.Process.Kill(); _ = process.Wait() })
	g.sentinels = append(g.sentinels, fmt.Sprintf("127.0.0.1:%d", port))
}

func (g *guarded) db(i int) *redis.Client {
	db := redis.NewClient(&redis.Options{Addr: g.servers[i].socket(), Password: "count", MaxRetries: -1})
	g.t.Cleanup(func() { db.Close() })
	return db
}

// awaitReplica waits until a server has its primary's data, on its disk too: until it has written a new file after that, a
// kill would bring back the old one.
func (g *guarded) awaitReplica(i int) {
	g.t.Helper()
	db := g.db(i)
	await(g.t, "the replica follows", func() bool {
		info := db.Info(g.t.Context(), "replication", "persistence").Val()
		for _, want := range []string{"role:slave", "master_link_status:up", "aof_rewrite_in_progress:0", "aof_rewrite_scheduled:0"} {
			if !strings.Contains(info, want) {
				return false
			}
		}
		return true
	})
}

// awaitAcknowledged waits until the replica has all that the primary wrote until now.
func (g *guarded) awaitAcknowledged(primary int) {
	g.t.Helper()
	c := g.db(primary).Conn()
	defer c.Close()
	await(g.t, "the replica has everything", func() bool {
		return c.Set(g.t.Context(), "ao:mark", 1, 0).Err() == nil && c.Wait(g.t.Context(), 1, time.Second).Val() == 1
	})
}

func (g *guarded) client() steps {
	g.t.Helper()
	client, err := New(Options{URL: "redis://" + g.sentinels[0], Addresses: g.sentinels[1:], Master: "limits",
		Password: "count", SentinelPassword: "watch", Timeout: 5 * time.Second})
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { client.Close() })
	return steps{g.t, client}
}

// failover waits until calls are answered again.
func (g *guarded) failover(c steps) {
	g.t.Helper()
	g.patience(500)
	await(g.t, "the new primary answers", func() bool {
		_, err := c.c.Reserve(g.t.Context(), newCall("shop/probe", "", &AgentLimits{RequestsPerMinute: 1_000_000}))
		return err == nil
	})
	g.patience(60_000)
}

// Sentinels name another primary when theirs dies, and calls go on there by themselves with all that was replicated. What a
// replica had not seen is lost, as Redis answers before it replicates: a charge that nobody repeats is missing. A call that
// was open is charged by its use all the same, for a commit needs no reservation.
func TestSentinelsLeadToTheNextPrimary(t *testing.T) {
	g := startSentinels(t)
	c, b := g.client(), ofTeam("shop", tokens(10_000))
	c.commit(c.granted(newCall("shop/a", "run", nil, b)), usage(100, 10, 5))
	open := c.granted(newCall("shop/a", "run", nil, b))
	g.awaitAcknowledged(0)
	g.servers[0].kill()
	g.failover(c)
	c.stands(b, 110, 0, 150)
	c.commit(open, usage(40, 2, 3))
	c.stands(b, 152, 0, 0)
	if r := c.run("shop/a", "run"); r.Steps.Used != 2 {
		t.Fatalf("%+v", r)
	}

	g.follow(0, 1)
	g.awaitReplica(0)
	g.awaitAcknowledged(1)
	g.servers[0].kill()
	c.commit(c.granted(newCall("shop/a", "run", nil, b)), usage(900, 0, 0))
	late := c.granted(newCall("shop/a", "run", nil, b))
	c.stands(b, 1052, 0, 150)
	g.servers[1].kill()
	g.follow(0, 1)
	g.failover(c)
	c.stands(b, 152, 0, 0)
	c.commit(late, usage(30, 0, 0))
	c.stands(b, 182, 0, 0)
}
