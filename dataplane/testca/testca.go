// Package testca makes certificates for tests: an authority, and what it signs.
package testca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority signs certificates.
type Authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	PEM  []byte
}

// New makes an authority that nobody else trusts.
func New(t testing.TB) *Authority {
	t.Helper()
	a := &Authority{t: t, key: newKey(t)}
	template := about("authority")
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	must(t, err)
	a.cert, err = x509.ParseCertificate(der)
	must(t, err)
	a.PEM = encoded("CERTIFICATE", der)
	return a
}

// Issue signs a certificate for names or addresses, good for servers and clients, and returns it with its key, in PEM.
func (a *Authority) Issue(names ...string) (certificate, key []byte) {
	a.t.Helper()
	template, own := about("leaf"), newKey(a.t)
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, own.Public(), a.key)
	must(a.t, err)
	private, err := x509.MarshalECPrivateKey(own)
	must(a.t, err)
	return encoded("CERTIFICATE", der), encoded("EC PRIVATE KEY", private)
}

// Write leaves ca.crt, tls.crt and tls.key in a directory, as a Secret is mounted.
func (a *Authority) Write(dir string, names ...string) {
	a.t.Helper()
	certificate, key := a.Issue(names...)
	for name, data := range map[string][]byte{"ca.crt": a.PEM, "tls.crt": certificate, "tls.key": key} {
		must(a.t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
}

// Client is a configuration that trusts this authority and shows a certificate of it.
func (a *Authority) Client() *tls.Config {
	a.t.Helper()
	pair, err := tls.X509KeyPair(a.Issue("client"))
	must(a.t, err)
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
}

func about(name string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	return &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return key
}

func encoded(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
