package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// issuer signs tokens as the API server does.
type issuer struct {
	key    *ecdsa.PrivateKey
	signer jose.Signer
}

func newIssuer() (*issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, nil)
	return &issuer{key, signer}, err
}

func (i *issuer) token(namespace, agent string) (string, error) {
	return i.tokenFor("agentops/"+namespace+"/"+agent, namespace, agent)
}

func (i *issuer) tokenFor(audience, namespace, agent string) (string, error) {
	return jwt.Signed(i.signer).Claims(map[string]any{
		"iss": "bench", "aud": []string{audience}, "exp": time.Now().Add(time.Hour).Unix(),
		"kubernetes.io": map[string]any{
			"namespace": namespace, "serviceaccount": map[string]string{"name": agent}, "pod": map[string]string{"name": "p", "uid": "u"},
		},
	}).Serialize()
}

func (i *issuer) keys() ([]byte, error) {
	return json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.key.Public(), KeyID: "k", Algorithm: "ES256"}}})
}
