// Package redistest starts real Redis servers for tests.
package redistest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Installed says whether there is a redis-server; in CI the test fails without one.
func Installed(t testing.TB) bool {
	t.Helper()
	_, err := exec.LookPath("redis-server")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal("redis-server is missing: make redis")
	}
	return err == nil
}

// Require skips the test where there is no redis-server; in CI it fails.
func Require(t testing.TB) {
	t.Helper()
	if !Installed(t) {
		t.Skip("redis-server is missing: make redis")
	}
}

// Start starts one with more flags and returns the path of its socket once it answers, and what kills it before the test ends.
func Start(t testing.TB, flags ...string) (socket string, kill func()) {
	t.Helper()
	Require(t)
	// Not t.TempDir: its long names do not fit into the address of a unix socket.
	dir, err := os.MkdirTemp("", "redis")
	if err != nil {
		t.Fatal(err)
	}
	socket = filepath.Join(dir, "redis.sock")
	p := exec.Command("redis-server", append([]string{"--port", "0", "--unixsocket", socket, "--dir", dir, "--save", ""}, flags...)...)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	kill = func() { _ = p.Process.Kill(); _ = p.Wait() }
	t.Cleanup(func() { kill(); os.RemoveAll(dir) })
	db := redis.NewClient(&redis.Options{Addr: socket, MaxRetries: -1})
	defer db.Close()
	for end := time.Now().Add(60 * time.Second); db.Ping(context.Background()).Err() != nil; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited 60 s in vain: redis answers")
		}
	}
	return socket, kill
}
