// Package store is the gateway's way to its state store: where it is, and what it takes to be let in.
package store

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// How a store is set up; nothing means Single.
const (
	Single   = "Single"
	Sentinel = "Sentinel"
	Cluster  = "Cluster"
)

// Settings say where the store is. What is secret stands in files of a directory and nowhere else.
type Settings struct {
	// URL is redis://, rediss:// or unix:///path, without a password.
	URL string
	// Topology is Single, Sentinel (URL and Addresses are those of the Sentinels) or Cluster.
	Topology string
	// Addresses of further Sentinels or nodes, host:port.
	Addresses []string
	// Master is the name by which Sentinels know the store.
	Master string
	// ServerName is the name in the certificates, where nodes are called by addresses that these do not hold.
	ServerName string
	// Secret is the directory of a mounted Secret: username, password, sentinel-username, sentinel-password, ca.crt, tls.crt
	// and tls.key, each of them only where it is needed. Empty: none.
	Secret string
}

// Check names the first setting that cannot be meant.
func (s Settings) Check() error {
	u, err := url.Parse(s.URL)
	switch {
	case err != nil || (u.Scheme != "redis" && u.Scheme != "rediss" && u.Scheme != "unix"):
		// The value is not shown: it may hold a password.
		return fault("URL", "not shown", "write redis://host:port, rediss://host:port or unix:///path")
	case u.User != nil:
		return fault("URL", "not shown", "take user and password out of it, and put them into the Secret as username and password")
	case s.Topology != "" && s.Topology != Single && s.Topology != Sentinel && s.Topology != Cluster:
		return fault("TOPOLOGY", s.Topology, "write Single, Sentinel or Cluster")
	case (s.Topology == Sentinel) != (s.Master != ""):
		return fault("MASTER", s.Master, "name the primary that Sentinels watch with AGENTOPS_REDIS_TOPOLOGY=Sentinel, and only with it")
	case s.Topology != Sentinel && s.Topology != Cluster && len(s.Addresses) > 0:
		return fault("ADDRESSES", strings.Join(s.Addresses, ","), "a single store has one address; set AGENTOPS_REDIS_TOPOLOGY to Sentinel or Cluster")
	case s.ServerName != "" && u.Scheme != "rediss":
		return fault("SERVER_NAME", s.ServerName, "remove it, or write rediss:// in AGENTOPS_REDIS_URL: without TLS nobody shows a name")
	}
	for _, address := range s.Addresses {
		if host, port, err := net.SplitHostPort(address); err != nil || host == "" || port == "" {
			return fault("ADDRESSES", address, "write host:port")
		}
	}
	return nil
}

func (s Settings) tls() bool { return strings.HasPrefix(s.URL, "rediss://") }

func fault(name, value, mend string) error {
	return fmt.Errorf("AGENTOPS_REDIS_%s is %q: %s", name, value, mend)
}
