// Package canary proves whether the egress of a pod is restricted: the relay greets everybody on a port that no allow-list
// contains, and a sidecar in the pod tries to be greeted.
package canary

import (
	"context"
	"errors"
	"net"
	"time"
)

// Results of a look. What could not be tried is neither.
const (
	Refused = "Refused"
	Open    = "Open"
	Unknown = "Unknown"
)

// greeting must come from the relay itself. A connection alone proves nothing: the proxy of a service mesh takes it inside
// the pod, whatever the network allows.
const greeting = "agentops canary\n"

// patience is how long a look waits; a network plugin that drops packets answers never.
const patience = 3 * time.Second

// Serve greets until the context ends; returns the port.
func Serve(ctx context.Context, address string) (int, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return 0, err
	}
	context.AfterFunc(ctx, func() { _ = listener.Close() })
	go accept(listener)
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func accept(listener net.Listener) {
	for {
		c, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(100 * time.Millisecond) // no file descriptor is left: not a reason to burn a core
			continue
		}
		// Sixteen bytes fit into the buffer of a fresh connection: this never waits for the other side.
		_, _ = c.Write([]byte(greeting))
		_ = c.Close()
	}
}

// Look tries to be greeted once.
func Look(ctx context.Context, address string) string {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	var name *net.DNSError
	if errors.As(err, &name) {
		return Unknown // the address was not even tried
	}
	if err != nil {
		return Refused
	}
	defer c.Close()
	_ = c.SetReadDeadline(time.Now().Add(patience))
	if n, _ := c.Read(make([]byte, len(greeting))); n > 0 {
		return Open
	}
	return Refused
}
