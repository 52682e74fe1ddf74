package limits

import (
	"context"
	"strings"

	"github.com/redis/go-redis/v9"
)

// keeping are the settings of a store that loses no count, and what is lost with any other.
var keeping = []struct{ name, wanted, lost string }{
	{"maxmemory-policy", "noeviction", "it drops counts when its memory is full, and budgets begin anew"},
	{"appendonly", "yes", "a restart forgets what was counted"},
	{"appendfsync", "always", "a crash forgets what was counted last"},
}

// Forgets says how the settings of the store let it lose counts; empty where they do not, or where it may not be asked.
// Errors: *ErrStateStore.
func (c *Client) Forgets(ctx context.Context) (string, error) {
	open := c.store.connections.Load()
	if open == nil {
		return "", &ErrStateStore{Step: "settings", Err: errUnknown}
	}
	bounded, cancel := context.WithTimeout(ctx, c.store.timeout)
	defer cancel()
	found, err := settingsOf(bounded, open.UniversalClient)
	if err != nil {
		return "", &ErrStateStore{Step: "settings", Err: err}
	}
	var out []string
	for _, k := range keeping {
		if is, known := found[k.name]; known && is != k.wanted {
			out = append(out, k.name+" is "+is+", so "+k.lost+": set "+k.wanted)
		}
	}
	return strings.Join(out, "; "), nil
}

// settingsOf a store, or of one primary of a cluster: they are set up alike.
func settingsOf(ctx context.Context, db redis.UniversalClient) (map[string]string, error) {
	out := map[string]string{}
	for _, k := range keeping {
		found, err := db.ConfigGet(ctx, k.name).Result()
		if err != nil {
			return reported(ctx, db, err)
		}
		if is, ok := found[k.name]; ok {
			out[k.name] = is
		}
	}
	if out["appendonly"] != "yes" {
		delete(out, "appendfsync")
	}
	return out, nil
}

// reported are the settings as a store reports them that shows nobody its configuration, as managed ones do.
func reported(ctx context.Context, db redis.UniversalClient, cause error) (map[string]string, error) {
	if _, refused := cause.(redis.Error); !refused { //nolint:errorlint // the client returns it as it is
		return nil, cause
	}
	out := map[string]string{}
	words := map[string]map[string]string{"aof_enabled": {"0": "no", "1": "yes"}, "maxmemory_policy": nil}
	names := map[string]string{"aof_enabled": "appendonly", "maxmemory_policy": "maxmemory-policy"}
	for _, section := range []string{"persistence", "memory"} {
		text, err := db.Info(ctx, section).Result()
		if err != nil {
			return out, nil //nolint:nilerr // it may not be asked
		}
		for line := range strings.SplitSeq(text, "\r\n") {
			name, value, _ := strings.Cut(line, ":")
			if word, ok := words[name][value]; ok {
				value = word
			}
			if to := names[name]; to != "" {
				out[to] = value
			}
		}
	}
	return out, nil
}
