package mask

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"agentops.dev/dataplane/mask/packs"
)

// Texts of many megabytes made of what detectors look for take time in proportion to their length.
func TestCostGrowsWithLengthOnly(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	e := engineWith(t, &Rules{Packs: allPacks(Hash)})
	units := []string{
		"@", "a@", "a@b.", "1", "1 ", "12-", "4111 ", ":", "::", "1:", "a:b@", "://", "://a:", "%", "%40", "\\", `\"`, `\u0040`, "[", "{", "\"",
		"[EMAIL]", "[EMAIL]@", "[EMAIL", "eyJ", "eyJ.", "sk-", "-----BEGIN PRIVATE KEY-----", "password", "password=", "password: ", "+1 ",
		"DE89 ", "https://a:b@c/", "ssn 123 ", "Bearer ", `{"a":`, `[`, `"a",`, "é", "x1", "phone 1",
	}
	for _, pack := range packs.All() {
		for _, d := range pack.Detectors {
			units = append(units, d.Canaries[0].Text+" ")
			units = append(units, d.Literals...)
		}
	}
	const size = 1 << 14
	for _, unit := range units {
		short, long := cost(t, e, unit, size), cost(t, e, unit, 8*size)
		// A square would be 64 times.
		if long > 30*short && long > time.Second {
			t.Errorf("%q: %v for %d bytes, %v for %d", unit, short, size, long, 8*size)
		}
		if long > 100*time.Millisecond {
			t.Logf("%q: %v for 128 KB", unit, long)
		}
	}
}

func cost(t *testing.T, e *Engine, unit string, size int) time.Duration {
	text := strings.Repeat(unit, size/len(unit)+1)
	start := worked(t)
	e.String(text)
	return worked(t) - start
}

// worked is how long this process had a CPU: on a busy machine it waits for one, and that is no cost of ours.
func worked(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
