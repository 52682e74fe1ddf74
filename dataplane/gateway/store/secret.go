package store

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"agentops.dev/dataplane/limits"
)

// keys of the Secret. What else is in it is not looked at.
var keys = []string{"username", "password", "sentinel-username", "sentinel-password", "ca.crt", "tls.crt", "tls.key"}

// secret is what the directory holds.
type secret map[string]string

func readSecret(dir string) secret {
	found := secret{}
	for _, key := range keys {
		if data, err := os.ReadFile(filepath.Join(dir, key)); err == nil {
			// An editor's line end at the end of a password is none of it.
			found[key] = strings.TrimRight(string(data), "\r\n")
		}
	}
	return found
}

// into adds what is secret to the options.
func (f secret) into(o limits.Options, s Settings) (limits.Options, error) {
	name := filepath.Base(s.Secret)
	if s.Secret != "" && len(f) == 0 {
		return o, fmt.Errorf("Secret %s is missing, or holds none of %s: create it", name, strings.Join(keys, ", "))
	}
	o.Username, o.Password = f["username"], f["password"]
	o.SentinelUsername, o.SentinelPassword = f["sentinel-username"], f["sentinel-password"]
	if !s.tls() {
		for _, key := range keys[4:] {
			if f[key] != "" {
				return o, fmt.Errorf("Secret %s has %s, and the address begins with redis://: write rediss://, or remove the key", name, key)
			}
		}
		return o, nil
	}
	var err error
	if o.TLS, err = f.tls(s.ServerName); err != nil {
		return o, fmt.Errorf("Secret %s: %w", name, err)
	}
	return o, nil
}

func (f secret) tls(serverName string) (*tls.Config, error) {
	c := &tls.Config{ServerName: serverName, MinVersion: tls.VersionTLS12}
	if ca := f["ca.crt"]; ca != "" {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM([]byte(ca)) {
			return nil, fmt.Errorf("ca.crt is no certificate: put the authority's in PEM into it")
		}
	}
	if f["tls.crt"] == "" && f["tls.key"] == "" {
		return c, nil
	}
	pair, err := tls.X509KeyPair([]byte(f["tls.crt"]), []byte(f["tls.key"]))
	if err != nil {
		return nil, fmt.Errorf("tls.crt and tls.key are no pair (%w): put a certificate and its key in PEM into them", err)
	}
	c.Certificates = []tls.Certificate{pair}
	return c, nil
}
