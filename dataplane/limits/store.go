package limits

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// store sends scripts, bounds how long that takes, and knows the store's time.
type store struct {
	connections atomic.Pointer[connections]
	timeout     time.Duration
	breaker     breaker
	errors      atomic.Int64
	clock       *clock
}

// connections to the store, as long as they are reached in one way.
type connections struct{ redis.UniversalClient }

// clock is the store's time as last seen, plus what has passed since on the monotonic clock.
type clock struct {
	begun  time.Time
	offset atomic.Int64
}

func newClock(now time.Time) *clock {
	c := &clock{begun: now}
	c.offset.Store(now.UnixMilli())
	return c
}

func (c *clock) now() int64 { return c.offset.Load() + time.Since(c.begun).Milliseconds() }

func (c *clock) saw(ms int64) { c.offset.Store(ms - time.Since(c.begun).Milliseconds()) }

// invocation of a script in one slot.
type invocation struct {
	script script
	root   string
	args   []any
}

// reply of a script: {word, time, ...}.
type reply struct {
	values []any
	at     int
}

var quiet sync.Once

type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

// connect makes the client of a single store, of a cluster, or of what a Sentinel watches. Steps are idempotent, so one
// broken connection (a store that was restarted) is tried again at once.
func connect(o Options) (redis.UniversalClient, error) {
	p, err := redis.ParseURL(o.URL)
	if err != nil {
		// The error repeats the URL, which may hold a password.
		return nil, &ErrInvalid{"options.url", "not shown", "give redis://, rediss:// or unix:///path"}
	}
	if o.TLS != nil {
		p.TLSConfig = o.TLS
	} else if p.TLSConfig != nil {
		// The URL's host is not the name of the other nodes.
		p.TLSConfig.ServerName = ""
	}
	// Each failure comes back as an error: the library's own lines on stderr would say it again, unstructured.
	quiet.Do(func() { redis.SetLogger(silence{}) })
	return redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs: append([]string{p.Addr}, o.Addresses...), IsClusterMode: o.Cluster, MasterName: o.Master,
		DB: p.DB, Username: cmp.Or(o.Username, p.Username), Password: cmp.Or(o.Password, p.Password), TLSConfig: p.TLSConfig,
		SentinelUsername: o.SentinelUsername, SentinelPassword: o.SentinelPassword,
		PoolSize: o.Pool, PoolTimeout: o.Timeout, DialTimeout: o.Timeout, ReadTimeout: o.Timeout, WriteTimeout: o.Timeout,
		MaxRetries: 1, MinRetryBackoff: time.Millisecond, MaxRetryBackoff: 10 * time.Millisecond, DialerRetries: 1,
		// Protocol 3 would look for pushed messages around each command, and we have none.
		Protocol: 2, ContextTimeoutEnabled: true, DisableIdentity: true, ReadBufferSize: 4096, WriteBufferSize: 4096,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}), nil
}

// run sends the invocations in one round trip. Scripts that the store does not know, after a restart, go again with their
// text. Any failure is a failure of all: the caller settles what was done.
func (s *store) run(ctx context.Context, step string, calls []invocation) ([]reply, error) {
	open := s.connections.Load()
	if open == nil {
		return nil, &ErrStateStore{Step: step, Err: errUnknown}
	}
	if left := s.breaker.wait(time.Now()); left > 0 {
		return nil, &ErrStateStore{Step: step, RetryAfter: left}
	}
	bounded, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	replies, err := s.send(bounded, open, calls)
	if err != nil && ctx.Err() != nil {
		s.breaker.abandon()
		return nil, &ErrStateStore{Step: step, Err: ctx.Err()}
	}
	s.breaker.report(time.Now(), err != nil)
	if err != nil {
		s.errors.Add(1)
		return nil, &ErrStateStore{Step: step, Err: err}
	}
	return replies, nil
}

func (s *store) send(ctx context.Context, open *connections, calls []invocation) ([]reply, error) {
	commands := open.pipeline(ctx, calls, nil)
	for _, c := range commands {
		if c.Err() != nil && redis.HasErrorPrefix(c.Err(), "NOSCRIPT") {
			commands = open.pipeline(ctx, calls, commands)
			break
		}
	}
	replies := make([]reply, len(calls))
	for i, c := range commands {
		values, err := c.Slice()
		if err != nil {
			return nil, err
		}
		replies[i] = reply{values: values}
		if len(values) > 1 {
			if ms, ok := values[1].(int64); ok {
				s.clock.saw(ms)
			}
		}
	}
	return replies, nil
}

// pipeline sends all by hash, or, given what came of that, those without a script by text.
func (open *connections) pipeline(ctx context.Context, calls []invocation, before []*redis.Cmd) []*redis.Cmd {
	commands := make([]*redis.Cmd, len(calls))
	if len(calls) == 1 && before == nil {
		commands[0] = open.EvalSha(ctx, calls[0].script.hash, []string{calls[0].root}, calls[0].args...)
		return commands
	}
	pipe := open.Pipeline()
	for i, c := range calls {
		switch {
		case before == nil:
			commands[i] = pipe.EvalSha(ctx, c.script.hash, []string{c.root}, c.args...)
		case before[i].Err() != nil && redis.HasErrorPrefix(before[i].Err(), "NOSCRIPT"):
			commands[i] = pipe.Eval(ctx, c.script.text, []string{c.root}, c.args...)
		default:
			commands[i] = before[i]
		}
	}
	// Each command carries its own error.
	_, _ = pipe.Exec(ctx)
	return commands
}

var errUnknown = errors.New("its address, or the way to it, is not known yet")

var errReply = errors.New("unexpected reply of a script")

func (r *reply) next() any {
	if r.at >= len(r.values) {
		return nil
	}
	r.at++
	return r.values[r.at-1]
}

// int reads a number; a hash's fields come as text.
func (r *reply) int() int64 { return asInt(r.next()) }

func (r *reply) text() string {
	s, _ := r.next().(string)
	return s
}

func asInt(v any) int64 {
	switch v := v.(type) {
	case int64:
		return v
	case string:
		if v == "" {
			return 0
		}
		n, _ := strconv.ParseInt(v, 10, 64)
		return n
	}
	return 0
}
