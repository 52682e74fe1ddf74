package limits

import (
	"context"
	"strings"
	"testing"
)

// A store that may lose counts is told, with the setting and its mend; one that shows nobody its configuration is asked for
// what it reports.
func TestAStoreThatForgetsIsTold(t *testing.T) {
	for name, tc := range map[string]struct {
		flags []string
		want  []string
	}{
		"as it should be":            {nil, nil},
		"evicts":                     {[]string{"--maxmemory-policy", "allkeys-lru"}, []string{"maxmemory-policy is allkeys-lru", "set noeviction"}},
		"writes now and then":        {[]string{"--appendfsync", "everysec"}, []string{"appendfsync is everysec", "set always"}},
		"writes nothing":             {[]string{"--appendonly", "no"}, []string{"appendonly is no", "set yes"}},
		"hides, and is as it should": {[]string{"--rename-command", "CONFIG", "hidden"}, nil},
		"hides, evicts and forgets":  {[]string{"--rename-command", "CONFIG", "hidden", "--appendonly", "no", "--maxmemory-policy", "volatile-ttl"}, []string{"maxmemory-policy is volatile-ttl", "appendonly is no"}},
		"hides all":                  {[]string{"--rename-command", "CONFIG", "hidden", "--rename-command", "INFO", "hidden2", "--appendonly", "no"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t)
			s.kill()
			s.start(tc.flags...)
			c, err := New(Options{URL: s.url()})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			got, err := c.Forgets(context.Background())
			if err != nil || (len(tc.want) == 0) != (got == "") {
				t.Fatalf("got %q, %v", got, err)
			}
			for _, part := range tc.want {
				if !strings.Contains(got, part) {
					t.Errorf("got %q, want %q in it", got, part)
				}
			}
		})
	}
}

// Nothing is said of a store that does not answer.
func TestAStoreThatIsAwaySaysNothingOfItsSettings(t *testing.T) {
	c, err := New(Options{URL: "unix:///nowhere"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got, err := c.Forgets(context.Background()); err == nil || got != "" {
		t.Errorf("got %q, %v", got, err)
	}
}
