// Package freeport gives ports to programs that tests and benchmarks start, and that bind them only later.
package freeport

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// Below the ports that the kernel hands out: it could give one away before the program binds it, and a look who listens there
// could meet itself. And below those of the Python tests, which may run at the same time.
const first, last = 12_000, 20_000

var (
	asked atomic.Int64
	mu    sync.Mutex
	marks []net.PacketConn
)

func init() { asked.Store(rand.Int64N(last - first)) }

// Find finds a port of 127.0.0.1 that nobody listens on. Other tests find another one as long as this process runs.
func Find() (int, error) {
	for range last - first {
		port := first + int(asked.Add(1)%(last-first))
		// The mark for other processes: the number is taken for UDP, and stays free for TCP.
		mark, err := net.ListenPacket("udp4", at(port))
		if err != nil {
			continue
		}
		l, err := net.Listen("tcp4", at(port))
		if err != nil {
			_ = mark.Close()
			continue
		}
		_ = l.Close()
		mu.Lock()
		marks = append(marks, mark)
		mu.Unlock()
		return port, nil
	}
	return 0, errors.New("no port is free")
}

// Port finds one for a test.
func Port(t testing.TB) int {
	t.Helper()
	port, err := Find()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// Address is such a port as host:port.
func Address(t testing.TB) string {
	t.Helper()
	return at(Port(t))
}

func at(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
