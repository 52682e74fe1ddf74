package limits

import (
	"cmp"
	"context"
	"crypto/tls"
	"runtime"
	"sync"
	"time"
)

// Options of a Client.
type Options struct {
	// URL of the store: redis://, rediss:// or unix:///path, as go-redis reads it.
	URL string
	// Addresses of further nodes ("host:port") of a cluster, or of further Sentinels.
	Addresses []string
	// Cluster says that the store is a Redis or Valkey cluster.
	Cluster bool
	// Master is the name under which Sentinels know the store; URL and Addresses are then those of the Sentinels.
	Master string
	// Username and Password, those of the URL if empty; the Sentinels have their own.
	Username, Password                 string
	SentinelUsername, SentinelPassword string
	// TLS of rediss://, for the Sentinels too; nil takes the system's authorities. Without a ServerName each node is known
	// by the name that it is called by.
	TLS *tls.Config
	// Timeout of one step, connecting included: default 250 ms.
	Timeout time.Duration
	// Pool is the number of connections: default 10 for each CPU.
	Pool int
	// RunsKept is how many runs of an agent are remembered: default 10,000. The oldest that nobody waits for go first.
	RunsKept int64
	// Remember is how long a settled call's ID is recognised, longer than any repetition takes: default 2 minutes.
	Remember time.Duration
	// QueueSize bounds what waits for a store that is down: default 100,000 settlements.
	QueueSize int
}

func (o Options) withDefaults() Options {
	o.Timeout = cmp.Or(o.Timeout, 250*time.Millisecond)
	o.Pool = cmp.Or(o.Pool, 10*runtime.GOMAXPROCS(0))
	o.RunsKept = cmp.Or(o.RunsKept, 10_000)
	o.Remember = cmp.Or(o.Remember, 2*time.Minute)
	o.QueueSize = cmp.Or(o.QueueSize, 100_000)
	return o
}

// Client is one gateway's access to the limits. All methods may be called at once.
type Client struct {
	store    *store
	queue    *queue
	runsKept int64
	remember int64    // milliseconds
	entered  sync.Map // agent -> milliseconds of the store's clock at which its held run was last put into the index again
}

// New makes a client. The store need not be up: calls return *ErrStateStore until it is. Without a URL they do until Use.
func New(o Options) (*Client, error) { return newClient(o, time.Now()) }

// newClient takes the gateway's idea of the time, which may be wrong.
func newClient(o Options, now time.Time) (*Client, error) {
	o = o.withDefaults()
	c := &Client{store: &store{timeout: o.Timeout, clock: newClock(now)}, runsKept: o.RunsKept, remember: o.Remember.Milliseconds()}
	if o.URL != "" {
		if err := c.Use(o); err != nil {
			return nil, err
		}
	}
	c.queue = startQueue(o.QueueSize, c.settleQueued)
	return c, nil
}

// Use goes over to other connections: another password, other certificates. Steps in flight end on the old ones. Of the
// options those count that say where the store is and how it is reached.
func (c *Client) Use(o Options) error {
	fresh, err := connect(o.withDefaults())
	if err != nil {
		return err
	}
	if old := c.store.connections.Swap(&connections{fresh}); old != nil {
		time.AfterFunc(2*c.store.timeout, func() { _ = old.Close() })
	}
	return nil
}

// Close stops the client, after it tried once more to settle what waits. What still waits then is lost with this process:
// reservations are swept as orphans, calls that were let through unreserved are missing.
func (c *Client) Close() error {
	c.queue.stop()
	if open := c.store.connections.Load(); open != nil {
		return open.Close()
	}
	return nil
}

// Ready asks the store once, so that a gateway can tell whether it is up. The error is an *ErrStateStore.
func (c *Client) Ready(ctx context.Context) error {
	_, err := c.store.run(ctx, "ready", []invocation{{readScript, "ao:{ready}", []any{0}}})
	return err
}

// Stats are for metrics.
type Stats struct {
	// Open says that the circuit is open: the store is taken for down.
	Open bool
	// StoreErrors since the start.
	StoreErrors int64
	// Queued settlements wait for the store.
	Queued int64
	// Reconciled were settled after an outage, Lost were dropped because the queue was full.
	Reconciled, Lost int64
	// UnreservedCalls and their micro-USD were let through without a reservation since the start.
	UnreservedCalls, UnreservedMicroUSD int64
}

// Stats as of now.
func (c *Client) Stats() Stats {
	s := c.queue.stats()
	s.Open, s.StoreErrors = c.store.breaker.isOpen(), c.store.errors.Load()
	return s
}
