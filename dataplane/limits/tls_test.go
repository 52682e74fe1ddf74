package limits

import (
	"crypto/tls"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"agentops.dev/dataplane/freeport"
	"agentops.dev/dataplane/testca"
)

// startTLS starts a Redis that speaks TLS only, and only with clients that show a certificate of its authority.
func startTLS(t *testing.T, ca *testca.Authority, names ...string) (*server, int) {
	t.Helper()
	s := startServer(t)
	s.kill()
	port := freeport.Port(t)
	ca.Write(s.dir, names...)
	file := func(name string) string { return filepath.Join(s.dir, name) }
	s.start("--tls-port", fmt.Sprint(port), "--tls-cert-file", file("tls.crt"), "--tls-key-file", file("tls.key"),
		"--tls-ca-cert-file", file("ca.crt"), "--tls-auth-clients", "yes")
	return s, port
}

// The store is spoken to with an authority of one's own, and a certificate that shows who one is. Without either, or where the
// name is another one, there is no connection, and the error says why.
func TestStoreIsSpokenToByTLSWithCertificatesOfBothSides(t *testing.T) {
	ca := testca.New(t)
	_, port := startTLS(t, ca, "localhost", "store.example.com")
	url := fmt.Sprintf("rediss://localhost:%d", port)
	trusting, named, other := ca.Client(), ca.Client(), ca.Client()
	trusting.Certificates = nil
	other.ServerName = "another.example.com"
	named.ServerName = "store.example.com"
	for name, tc := range map[string]struct {
		url  string
		tls  *tls.Config
		want string
	}{
		"its name":                              {url, ca.Client(), ""},
		"the name that is told":                 {fmt.Sprintf("rediss://127.0.0.1:%d", port), named, ""},
		"a name that its certificate lacks":     {url, other, "not another.example.com"},
		"an address that its certificate lacks": {fmt.Sprintf("rediss://127.0.0.1:%d", port), ca.Client(), "127.0.0.1"},
		"no certificate":                        {url, trusting, "ready"}, // or the connection is reset before that is read,
		"an authority that nobody trusts":       {url, testca.New(t).Client(), "unknown authority"},
		"the system's authorities":              {url, nil, "unknown authority"},
		"no TLS":                                {fmt.Sprintf("redis://localhost:%d", port), nil, "ready"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := New(Options{URL: tc.url, TLS: tc.tls, Timeout: 5 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			err = c.Ready(t.Context())
			if tc.want == "" && err != nil || tc.want != "" && (!isDown(err) || !strings.Contains(err.Error(), tc.want)) {
				t.Fatalf("want %q, got %v", tc.want, err)
			}
		})
	}
}

// A password that was changed, or that comes late, needs no new client; calls that are open end on the old connections.
func TestConnectionsAreReplacedWhenTheWayToTheStoreChanges(t *testing.T) {
	s := startServer(t)
	db := redis.NewClient(&redis.Options{Addr: s.socket()})
	defer db.Close()
	if err := db.ConfigSet(t.Context(), "requirepass", "first").Err(); err != nil {
		t.Fatal(err)
	}
	client, err := New(Options{Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	if err := client.Ready(t.Context()); !isDown(err) || !errors.Is(err, errUnknown) {
		t.Fatal(err)
	}
	use := func(password string) {
		t.Helper()
		if err := client.Use(Options{URL: s.url(), Password: password, Timeout: 5 * time.Second}); err != nil {
			t.Fatal(err)
		}
	}
	use("")
	if err := client.Ready(t.Context()); !isDown(err) || !strings.Contains(err.Error(), "NOAUTH") {
		t.Fatal(err)
	}
	use("first")
	c, b := steps{t, client}, ofTeam("shop", tokens(1000))
	await(t, "the circuit is closed", func() bool { return client.Ready(t.Context()) == nil })
	open := c.granted(newCall("shop/a", "run", nil, b))
	if err := db.ConfigSet(t.Context(), "requirepass", "second").Err(); err != nil {
		t.Fatal(err)
	}
	use("second")
	c.commit(open, usage(7, 0, 3))
	c.stands(b, 7, 0, 0)
	use("first")
	err = client.Ready(t.Context())
	if !isDown(err) || !strings.Contains(err.Error(), "WRONGPASS") || strings.Contains(err.Error(), "first") {
		t.Fatal(err)
	}
}
