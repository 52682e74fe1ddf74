package limits

import (
	"testing"
	"time"
)

// Three failures in a row open the circuit; one probe at a time closes it or doubles the wait, up to a bound.
func TestBreakerOpensProbesAndCloses(t *testing.T) {
	now, b := time.Unix(0, 0), &breaker{}
	fail := func() { b.report(now, true) }
	for range 2 {
		fail()
	}
	b.report(now, false)
	for range 2 {
		fail()
	}
	if b.wait(now) != 0 {
		t.Fatal("open after two")
	}
	fail()
	if b.wait(now) != firstOpen {
		t.Fatalf("%v", b.wait(now))
	}
	for want := firstOpen; want < 2*longest; want *= 2 {
		now = now.Add(min(want, longest) + time.Millisecond)
		if b.wait(now) != 0 || b.wait(now) == 0 {
			t.Fatal("one probe")
		}
		fail()
	}
	if b.wait(now) != longest {
		t.Fatalf("%v", b.wait(now))
	}
	now = now.Add(longest + time.Millisecond)
	b.wait(now)
	b.report(now, false)
	if b.wait(now) != 0 || b.isOpen() {
		t.Fatal("closed")
	}
}
