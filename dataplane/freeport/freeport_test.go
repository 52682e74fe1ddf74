package freeport

import (
	"fmt"
	"net"
	"os"
	"testing"
)

// The kernel gives none of them to anybody, no test gets the same one, and another process sees that it is taken.
func TestPortsAreForOneAlone(t *testing.T) {
	low, high := 32768, 60999 // what Linux hands out, where it does not say
	if text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		_, _ = fmt.Sscan(string(text), &low, &high)
	}
	seen := map[int]bool{}
	for range 100 {
		port := Port(t)
		if seen[port] || port >= low && port <= high && low > last {
			t.Fatalf("%d came before, or the kernel hands it out", port)
		}
		seen[port] = true
		if mark, err := net.ListenPacket("udp4", at(port)); err == nil {
			_ = mark.Close()
			t.Fatalf("%d bears no mark", port)
		}
		l, err := net.Listen("tcp4", at(port))
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
	}
}
