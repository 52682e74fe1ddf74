package store

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"agentops.dev/dataplane/freeport"
	"agentops.dev/dataplane/limits"
	"agentops.dev/dataplane/redistest"
	"agentops.dev/dataplane/testca"
)

const password = "a-password-that-nobody-may-read"

// Each setting that cannot be meant is named with its value and what to write, and no address is repeated that may hold a
// password.
func TestSettingsThatCannotBeMeantAreNamed(t *testing.T) {
	for want, s := range map[string]Settings{
		`AGENTOPS_REDIS_URL is "not shown": write redis://`:                    {URL: "http://" + password, Topology: Single},
		`AGENTOPS_REDIS_URL is "not shown": take user and password out of it`:  {URL: "redis://:" + password + "@store:6379", Topology: Single},
		`AGENTOPS_REDIS_TOPOLOGY is "Ring": write Single, Sentinel or Cluster`: {URL: "redis://store:6379", Topology: "Ring"},
		`AGENTOPS_REDIS_MASTER is "": name the primary`:                        {URL: "redis://store:26379", Topology: Sentinel},
		`AGENTOPS_REDIS_MASTER is "main": name the primary`:                    {URL: "redis://store:6379", Topology: Cluster, Master: "main"},
		`AGENTOPS_REDIS_ADDRESSES is "b:6379": a single store has one address`: {URL: "redis://a:6379", Topology: Single, Addresses: []string{"b:6379"}},
		`AGENTOPS_REDIS_ADDRESSES is "b": write host:port`:                     {URL: "redis://a:6379", Topology: Cluster, Addresses: []string{"b"}},
		`AGENTOPS_REDIS_SERVER_NAME is "store": remove it, or write rediss://`: {URL: "redis://a:6379", Topology: Single, ServerName: "store"},
	} {
		_, err := Open(s, limits.Options{}, slog.Default())
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), password) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

// The settings of a topology reach the client: a Sentinel names the primary, a node of a cluster the others.
func TestTopologiesAreFollowed(t *testing.T) {
	dir := t.TempDir()
	single, sentinel, node := freeport.Port(t), freeport.Port(t), freeport.Port(t)
	file := filepath.Join(dir, "sentinel.conf")
	config := fmt.Sprintf("port %d\nbind 127.0.0.1\ndir %s\nsentinel monitor main 127.0.0.1 %d 1\n", sentinel, dir, single)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, "--port", fmt.Sprint(single), "--bind", "127.0.0.1", "--dir", dir, "--save", "")
	start(t, file, "--sentinel")
	start(t, "--port", fmt.Sprint(node), "--bind", "127.0.0.1", "--dir", t.TempDir(), "--save", "", "--cluster-enabled", "yes", "--cluster-port", fmt.Sprint(freeport.Port(t)))
	db := redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", node)})
	defer db.Close()
	await(t, "the node has all slots", func() bool {
		_ = db.ClusterAddSlotsRange(t.Context(), 0, 16383)
		return strings.Contains(db.ClusterInfo(t.Context()).Val(), "cluster_state:ok")
	})
	for _, s := range []Settings{
		{URL: fmt.Sprintf("redis://127.0.0.1:%d", single)},
		{URL: "redis://127.0.0.1:1", Addresses: []string{fmt.Sprintf("127.0.0.1:%d", sentinel)}, Topology: Sentinel, Master: "main"},
		{URL: "redis://127.0.0.1:1", Addresses: []string{fmt.Sprintf("127.0.0.1:%d", node)}, Topology: Cluster},
	} {
		opened, err := Open(s, limits.Options{Timeout: 5 * time.Second}, slog.Default())
		if err != nil {
			t.Fatal(err)
		}
		await(t, "ready by "+s.Topology, func() bool { return opened.Ready(t.Context()) == nil })
		opened.Close()
	}
}

// start runs a server for this test. Without one the test is skipped, and fails in CI.
func start(t *testing.T, arguments ...string) {
	t.Helper()
	redistest.Require(t)
	process := exec.Command("redis-server", arguments...)
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = process.Process.Kill(); _ = process.Wait() })
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited 60 s in vain: %s", what)
		}
	}
}

// bed is a Redis behind TLS with a password, and a directory as a Secret is mounted.
type bed struct {
	t           *testing.T
	ca          *testca.Authority
	url, secret string
	log         bytes.Buffer
}

func newBed(t *testing.T) *bed {
	t.Helper()
	dir := t.TempDir()
	b := &bed{t: t, ca: testca.New(t), secret: filepath.Join(dir, "agentops-redis")}
	b.ca.Write(dir, "127.0.0.1")
	if err := os.Mkdir(b.secret, 0o700); err != nil {
		t.Fatal(err)
	}
	file := func(name string) string { return filepath.Join(dir, name) }
	port := freeport.Port(t)
	b.write("redis.conf", "requirepass "+password)
	if err := os.Rename(filepath.Join(b.secret, "redis.conf"), file("redis.conf")); err != nil {
		t.Fatal(err)
	}
	start(t, file("redis.conf"), "--port", "0", "--bind", "127.0.0.1", "--dir", dir, "--tls-port", fmt.Sprint(port), "--tls-cert-file", file("tls.crt"),
		"--tls-key-file", file("tls.key"), "--tls-ca-cert-file", file("ca.crt"), "--tls-auth-clients", "yes")
	b.url = fmt.Sprintf("rediss://127.0.0.1:%d", port)
	db := redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", port), Password: password, TLSConfig: b.ca.Client()})
	defer db.Close()
	await(t, "redis answers", func() bool { return db.Ping(context.Background()).Err() == nil })
	return b
}

func (b *bed) write(key, value string) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.secret, key), []byte(value), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bed) open(url string) *Store {
	b.t.Helper()
	s, err := Open(Settings{URL: url, Topology: Single, Secret: b.secret}, limits.Options{Timeout: 5 * time.Second}, slog.New(slog.NewTextHandler(&b.log, nil)))
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { s.Close() })
	return s
}

// away checks that the store is away, for a reason that is told without the password.
func (b *bed) away(s *Store, want string) {
	b.t.Helper()
	err := s.Ready(b.t.Context())
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), password) {
		b.t.Fatalf("want %q, got %v", want, err)
	}
}

func (b *bed) ready(s *Store) {
	b.t.Helper()
	var err error
	// The circuit may be open for two seconds.
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if err = s.Ready(b.t.Context()); err == nil {
			return
		}
	}
	b.t.Fatal(err)
}

// A gateway runs before its Secret is there, says what is wrong with it, and takes what comes without a restart. A Secret that
// cannot be used later leaves what works in force. The password is in no error and in no line of the log.
func TestStoreFollowsItsSecret(t *testing.T) {
	b := newBed(t)
	s := b.open(b.url)
	b.away(s, "Secret agentops-redis is missing, or holds none of username, password")
	b.write("password", password+"\n")
	b.away(s, "unknown authority")
	b.write("ca.crt", "no PEM")
	b.away(s, "Secret agentops-redis: ca.crt is no certificate: put the authority's in PEM into it")
	b.ca.Write(b.secret, "gateway")
	b.write("tls.key", "no PEM")
	b.away(s, "tls.crt and tls.key are no pair")
	b.ca.Write(b.secret, "gateway")
	b.ready(s)
	b.write("ca.crt", "no PEM")
	b.ready(s)
	if !strings.Contains(b.log.String(), "what was in use stays") || strings.Contains(b.log.String(), password) {
		t.Fatal(b.log.String())
	}
}

// A password would go over the network in the clear where the address forgets TLS.
func TestCertificatesBesideAPlainAddressAreRefused(t *testing.T) {
	b := &bed{t: t, ca: testca.New(t), secret: t.TempDir()}
	b.write("password", password)
	b.write("ca.crt", string(b.ca.PEM))
	b.away(b.open("redis://127.0.0.1:1"), "has ca.crt, and the address begins with redis://: write rediss://, or remove the key")
}
