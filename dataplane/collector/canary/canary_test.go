package canary

import (
	"context"
	"net"
	"strconv"
	"testing"
)

func local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

func TestWhatALookFinds(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	port, err := Serve(ctx, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	mesh, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mesh.Close()
	go func() {
		for c, err := mesh.Accept(); err == nil; c, err = mesh.Accept() {
			_ = c.Close()
		}
	}()
	cases := map[string]struct{ address, want string }{
		"the relay greets": {local(port), Open},
		"a proxy in the pod takes it and nobody greets": {mesh.Addr().String(), Refused},
		"a name that does not resolve was not tried":    {"relay.invalid:1", Unknown},
	}
	for name, c := range cases {
		if got := Look(ctx, c.address); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	stop()
	for range 100 {
		if Look(context.Background(), local(port)) == Refused {
			return
		}
	}
	t.Error("nobody listens, and still: Open")
}
