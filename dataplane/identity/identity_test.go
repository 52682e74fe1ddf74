package identity

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

type cluster struct {
	*httptest.Server
	key   *ecdsa.PrivateKey
	kid   string
	asked atomic.Int32
	down  atomic.Bool
	hangs atomic.Pointer[hanging]
}

// hanging is a look that is not answered until somebody lets it go.
type hanging struct{ begun, end chan struct{} }

// hang holds back every answer from now on; begun tells of the first question.
func (c *cluster) hang() (begun <-chan struct{}, release func()) {
	h := &hanging{make(chan struct{}, 100), make(chan struct{})}
	c.hangs.Store(h)
	return h.begun, sync.OnceFunc(func() { close(h.end) })
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{kid: "k1"}
	c.key = newKey(t)
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h := c.hangs.Load(); h != nil {
			h.begun <- struct{}{}
			<-h.end
		}
		if c.down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if r.URL.Path == "/openid/v1/jwks" {
			c.asked.Add(1)
			_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: c.key.Public(), KeyID: c.kid, Algorithm: "ES256"}}})
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": "https://issuer"})
	}))
	t.Cleanup(c.Close)
	return c
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// good is the content of a token that is accepted.
func good() map[string]any {
	return map[string]any{
		"iss": "https://issuer", "aud": []string{"agentops/shop/billing"}, "exp": time.Now().Add(time.Hour).Unix(),
		"kubernetes.io": map[string]any{
			"namespace": "shop", "serviceaccount": map[string]string{"name": "billing"},
			"pod": map[string]string{"name": "billing-0", "uid": "u0"},
		},
	}
}

func sign(t *testing.T, key any, alg jose.SignatureAlgorithm, kid string, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return "Bearer " + text
}

func verifier(c *cluster, now func() time.Time, account string) (*Verifier, map[Reason]int) {
	counted := map[Reason]int{}
	return NewVerifier(NewKeys(Source{Server: c.URL}, now), func(string, string) string { return account },
		func(r Reason) { counted[r]++ }, now), counted
}

func TestTokensThatAreRefused(t *testing.T) {
	c := newCluster(t)
	change := func(f func(map[string]any)) string {
		claims := good()
		f(claims)
		return sign(t, c.key, jose.ES256, "k1", claims)
	}
	part := func(v any) string { b, _ := json.Marshal(v); return base64.RawURLEncoding.EncodeToString(b) }
	cases := map[string]struct {
		token string
		want  Reason
	}{
		"no header":               {"", NoToken},
		"another scheme":          {"Basic eDp5", NoToken},
		"no JWT":                  {"Bearer x.y.z", Malformed},
		"an unsigned token":       {"Bearer " + part(map[string]string{"alg": "none", "kid": "k1"}) + "." + part(good()) + ".", Malformed},
		"a symmetric signature":   {sign(t, []byte("0123456789abcdef0123456789abcdef"), jose.HS256, "k1", good()), Malformed},
		"a key of somebody else":  {sign(t, newKey(t), jose.ES256, "k1", good()), BadSignature},
		"an expired token":        {change(func(m map[string]any) { m["exp"] = time.Now().Add(-time.Hour).Unix() }), Expired},
		"a token without an end":  {change(func(m map[string]any) { delete(m, "exp") }), Expired},
		"a token of tomorrow":     {change(func(m map[string]any) { m["nbf"] = time.Now().Add(time.Hour).Unix() }), Expired},
		"another issuer":          {change(func(m map[string]any) { m["iss"] = "https://other" }), WrongIssuer},
		"another audience":        {change(func(m map[string]any) { m["aud"] = []string{"vault"} }), WrongAudience},
		"a reader's audience":     {change(func(m map[string]any) { m["aud"] = []string{ReaderAudience} }), WrongAudience},
		"two agents":              {change(func(m map[string]any) { m["aud"] = []string{"agentops/shop/a", "agentops/shop/b"} }), WrongAudience},
		"an agent with a slash":   {change(func(m map[string]any) { m["aud"] = []string{"agentops/shop/a/b"} }), WrongAudience},
		"an agent of a neighbour": {change(func(m map[string]any) { m["aud"] = []string{"agentops/victim/billing"} }), NamespaceMismatch},
		"a token without a pod":   {change(func(m map[string]any) { delete(m["kubernetes.io"].(map[string]any), "pod") }), NotBound},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			v, counted := verifier(c, time.Now, "")
			_, refusal := v.Agent(context.Background(), tc.token)
			if refusal == nil || refusal.Reason != tc.want || counted[tc.want] != 1 {
				t.Errorf("got %v (counted %v), want %s", refusal, counted, tc.want)
			}
		})
	}
}

func TestAGoodTokenNamesAgentAndPod(t *testing.T) {
	c := newCluster(t)
	v, _ := verifier(c, time.Now, "billing")
	id, refusal := v.Agent(context.Background(), sign(t, c.key, jose.ES256, "k1", good()))
	if want := (Identity{Namespace: "shop", ServiceAccount: "billing", PodName: "billing-0", PodUID: "u0", Agent: "billing"}); refusal != nil || id != want {
		t.Errorf("got %+v, %v", id, refusal)
	}
	v, _ = verifier(c, time.Now, "another-account")
	if _, refusal := v.Agent(context.Background(), sign(t, c.key, jose.ES256, "k1", good())); refusal == nil || refusal.Reason != ServiceAccountMismatch {
		t.Errorf("got %v, want ServiceAccountMismatch", refusal)
	}
}

// The gateway is one service account in a pod of its own; nobody else passes for it, and without that setting nobody does.
func TestTheGatewaySpeaksForAgents(t *testing.T) {
	c := newCluster(t)
	const gateway = "system:serviceaccount:shop:gateway"
	claim := func(audience, account string, pod map[string]any) string {
		claims := good()
		claims["aud"] = []string{audience}
		claims["kubernetes.io"] = map[string]any{"namespace": "shop", "serviceaccount": map[string]any{"name": account}, "pod": pod}
		return sign(t, c.key, jose.ES256, "k1", claims)
	}
	pod := map[string]any{"name": "gateway-0", "uid": "u1"}
	v, _ := verifier(c, time.Now, "")
	if id, refusal := v.Sender(context.Background(), claim(ReaderAudience, "gateway", pod), gateway); refusal != nil || !id.Gateway || id.Agent != "" {
		t.Errorf("the gateway: %+v %v", id, refusal)
	}
	if id, refusal := v.Sender(context.Background(), sign(t, c.key, jose.ES256, "k1", good()), gateway); refusal != nil || id.Gateway || id.Agent != "billing" {
		t.Errorf("a sidecar: %+v %v", id, refusal)
	}
	for name, refused := range map[string]struct{ token, subject string }{
		"another account":    {claim(ReaderAudience, "viewer", pod), gateway},
		"another audience":   {claim("agentops", "gateway", pod), gateway},
		"a token of no pod":  {claim(ReaderAudience, "gateway", nil), gateway},
		"nobody is gateway":  {claim(ReaderAudience, "gateway", pod), ""},
		"the gateway's name": {claim("agentops/other/billing", "gateway", pod), gateway},
	} {
		if id, refusal := v.Sender(context.Background(), refused.token, refused.subject); refusal == nil {
			t.Errorf("%s was taken: %+v", name, id)
		}
	}
}

func TestRotatedKeysAreFoundAndTheIssuerIsNotFlooded(t *testing.T) {
	c := newCluster(t)
	now := time.Now()
	v, _ := verifier(c, func() time.Time { return now }, "")
	ask := func(token string) *Refusal { _, r := v.Agent(context.Background(), token); return r }
	if r := ask(sign(t, c.key, jose.ES256, "k1", good())); r != nil {
		t.Fatal(r)
	}
	for range 100 {
		if r := ask(sign(t, newKey(t), jose.ES256, "invented", good())); r == nil || !r.Retry() {
			t.Fatalf("got %v, want one that may be tried again", r)
		}
	}
	if n := c.asked.Load(); n != 1 {
		t.Errorf("the issuer was asked %d times, want once", n)
	}
	c.key, c.kid = newKey(t), "k2"
	now = now.Add(11 * time.Second)
	if r := ask(sign(t, c.key, jose.ES256, "k2", good())); r != nil {
		t.Errorf("a rotated key is refused: %v", r)
	}
	now = now.Add(11 * time.Second)
	if r := ask(sign(t, newKey(t), jose.ES256, "invented", good())); r == nil || r.Reason != UnknownKey {
		t.Errorf("got %v, want UnknownKey", r)
	}
}

func TestAnIssuerThatIsAwayStopsNobodyWhoIsKnown(t *testing.T) {
	c := newCluster(t)
	now := time.Now()
	v, _ := verifier(c, func() time.Time { return now }, "")
	token := sign(t, c.key, jose.ES256, "k1", good())
	c.down.Store(true)
	if _, r := v.Agent(context.Background(), token); r == nil || r.Reason != KeysUnavailable {
		t.Errorf("got %v, want KeysUnavailable", r)
	}
	c.down.Store(false)
	now = now.Add(11 * time.Second)
	if _, r := v.Agent(context.Background(), token); r != nil {
		t.Fatal(r)
	}
	c.down.Store(true)
	now = now.Add(keysMaxAge + time.Minute)
	if _, r := v.Agent(context.Background(), token); r != nil {
		t.Errorf("known keys were forgotten: %v", r)
	}
}

// An API server that hangs holds up nobody whose key is known, whoever makes the relay ask it.
func TestAnIssuerThatHangsHoldsUpNobodyWhoIsKnown(t *testing.T) {
	c := newCluster(t)
	var passed atomic.Int64 // since the start, in nanoseconds
	start := time.Now()
	v, _ := verifier(c, func() time.Time { return start.Add(time.Duration(passed.Load())) }, "")
	token := sign(t, c.key, jose.ES256, "k1", good())
	if _, r := v.Agent(context.Background(), token); r != nil {
		t.Fatal(r)
	}
	hung, release := c.hang()
	defer release()
	passed.Store(int64(keysMaxAge + time.Minute))
	waits := make(chan *Refusal, 1)
	go func() {
		_, r := v.Agent(context.Background(), token)
		waits <- r
	}()
	<-hung
	if _, r := v.Agent(context.Background(), token); r != nil {
		t.Errorf("a known key was refused: %v", r)
	}
	if len(waits) > 0 {
		t.Error("a call with a known key waited until the look at the issuer was over")
	}
	release()
	if r := <-waits; r != nil {
		t.Errorf("the one who asked was refused: %v", r)
	}
}
