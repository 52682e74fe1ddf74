package identity

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	// Between two looks at the issuer: otherwise a client could make the relay ask it at will, by inventing key names.
	askAgainAfter = 10 * time.Second
	// A key that was withdrawn is accepted no longer than this.
	keysMaxAge = 10 * time.Minute
)

// Source says where the issuer's keys are.
type Source struct {
	// Server is the API server, for example https://kubernetes.default.svc.
	Server string
	// CAFile holds the certificate authority of the server; empty: the system's.
	CAFile string
	// TokenFile holds the token to ask with; empty: none.
	TokenFile string
	// KeysFile holds the keys as a JWKS, of the issuer that Issuer names; no server is asked then.
	KeysFile, Issuer string
}

// Keys are the issuer's public keys.
type Keys struct {
	source Source
	now    func() time.Time
	// asking is held during a look at the issuer. Who has a key that is known does not wait for it: an API server that hangs
	// would hold up every caller for seconds, again and again.
	asking sync.Mutex
	asked  time.Time // under asking

	mu     sync.Mutex
	issuer string
	set    jose.JSONWebKeySet
	got    time.Time
}

// NewKeys asks nobody yet.
func NewKeys(source Source, now func() time.Time) *Keys { return &Keys{source: source, now: now} }

// find returns the key and the issuer. A name that is not known makes it ask the issuer, but not too often.
func (k *Keys) find(ctx context.Context, kid string) (key any, issuer string, refusal *Refusal) {
	key, issuer, fresh := k.known(kid)
	switch {
	case key == nil:
		k.asking.Lock()
	case fresh || !k.asking.TryLock():
		return key, issuer, nil
	}
	defer k.asking.Unlock()
	// Somebody may have asked meanwhile.
	if key, issuer, fresh = k.known(kid); key != nil && fresh {
		return key, issuer, nil
	}
	// When asking fails, keys that are known stay good: an API server that is away must not stop telemetry. An unknown key may be
	// new and the last look too early: the sender keeps its data and tries again.
	if k.now().Sub(k.asked) < askAgainAfter || k.ask(ctx) != nil {
		if key == nil {
			return nil, "", &Refusal{KeysUnavailable}
		}
		return key, issuer, nil
	}
	if key, issuer, _ = k.known(kid); key == nil {
		return nil, "", &Refusal{UnknownKey}
	}
	return key, issuer, nil
}

// known is the key of that name as of the last look, and whether that is not long ago.
func (k *Keys) known(kid string) (key any, issuer string, fresh bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if found := k.set.Key(kid); len(found) > 0 {
		return found[0].Key, k.issuer, k.now().Sub(k.got) <= keysMaxAge
	}
	return nil, "", false
}

// take puts the answer of the issuer in place of the last one.
func (k *Keys) take(issuer string, set jose.JSONWebKeySet) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.issuer, k.set, k.got = issuer, set, k.now()
}

func (k *Keys) ask(ctx context.Context) error {
	k.asked = k.now()
	// A client that hangs up must not make the look fail for all others.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if k.source.KeysFile != "" {
		return k.read()
	}
	client, err := k.source.Client()
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	var discovery struct {
		Issuer string `json:"issuer"`
	}
	if err := k.source.get(ctx, client, "/.well-known/openid-configuration", &discovery); err != nil {
		return err
	}
	var set jose.JSONWebKeySet
	if err := k.source.get(ctx, client, "/openid/v1/jwks", &set); err != nil {
		return err
	}
	k.take(discovery.Issuer, set)
	return nil
}

func (k *Keys) read() error {
	data, err := os.ReadFile(k.source.KeysFile)
	if err != nil {
		return fmt.Errorf("issuer: keys: %w", err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(data, &set); err != nil {
		return fmt.Errorf("issuer: keys: %w", err)
	}
	k.take(k.source.Issuer, set)
	return nil
}

// Client speaks with the server.
func (s Source) Client() (*http.Client, error) {
	transport := &http.Transport{}
	if s.CAFile != "" {
		pem, err := os.ReadFile(s.CAFile)
		if err != nil {
			return nil, fmt.Errorf("issuer: certificate authority: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("issuer: %s holds no certificate", s.CAFile)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{Transport: transport}, nil
}

// Request asks the server for a path; the token is read each time, because the kubelet renews it.
func (s Source) Request(ctx context.Context, path string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Server+path, nil)
	if err != nil || s.TokenFile == "" {
		return req, err
	}
	token, err := os.ReadFile(s.TokenFile)
	if err != nil {
		return nil, fmt.Errorf("issuer: own token: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	return req, nil
}

func (s Source) get(ctx context.Context, client *http.Client, path string, into any) error {
	req, err := s.Request(ctx, path)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("issuer: %s: HTTP %d", path, resp.StatusCode)
	}
	return json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(into)
}
