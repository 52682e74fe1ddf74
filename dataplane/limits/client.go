package limits

import (
	"context"
	"errors"
	"time"
)

// Options of a Client.
type Options struct {
	// URL of the store: redis://, rediss:// or unix://, as go-redis reads it. Several addresses of a cluster are separated
	// by commas.
	URL string
	// Timeout of one step, connecting included: default 250 ms.
	Timeout time.Duration
	// Pool is the number of connections: default 10 for each CPU.
	Pool int
	// RunsKept is how many runs of an agent are remembered: default 10,000. The oldest that nobody waits for go first.
	RunsKept int64
	// QueueSize bounds what waits for a store that is down: default 100,000 settlements.
	QueueSize int
}

// Client is one gateway's access to the limits. All methods may be called at once.
type Client struct{}

var errNotBuilt = errors.New("not built yet")

// New makes a client. The store need not be up: calls return *ErrStateStore until it is.
func New(o Options) (*Client, error) { return nil, errNotBuilt }

// Close stops the client, after it tried once more to settle what waits.
func (c *Client) Close() error { return errNotBuilt }

// Reserve checks every limit of the call and, if all hold, reserves Call.Most in all of them. A denial is no error.
// Errors: *ErrInvalid, *ErrStateStore.
func (c *Client) Reserve(ctx context.Context, call *Call) (*Verdict, error) { return nil, errNotBuilt }

// Unreserved is the reservation of a call that is let through while the store is down (see Call.WithoutStore).
func (c *Client) Unreserved(call *Call) *Reservation {
	return &Reservation{call: *call, unreserved: true}
}

// Commit charges what the call has used instead of what was reserved. On *ErrStateStore the charge is queued: do not
// repeat it. Of a reservation that was never made it returns nil and nil once it is queued.
func (c *Client) Commit(ctx context.Context, r *Reservation, u Usage) (*Receipt, error) {
	return nil, errNotBuilt
}

// Release gives everything back: the call was not made, or failed without use. On *ErrStateStore it is queued.
func (c *Client) Release(ctx context.Context, r *Reservation) error { return errNotBuilt }

// WithoutStore is nil when every limit of the call says Allow, else the denial (StateStoreDown) with the first budget that
// says Deny.
func (c *Call) WithoutStore(e *ErrStateStore) *Denial { return nil }

// Usage reads a budget's present window.
func (c *Client) Usage(ctx context.Context, charge Charge) (*BudgetState, error) {
	return nil, errNotBuilt
}

// Run reads one run; *ErrNoRun if there is none.
func (c *Client) Run(ctx context.Context, agent, run string) (*Run, error) { return nil, errNotBuilt }

// Runs lists an agent's runs, newest first. An empty cursor begins; size is at most 500.
func (c *Client) Runs(ctx context.Context, agent, cursor string, size int) (*Page, error) {
	return nil, errNotBuilt
}

// Holds lists the runs of an agent that wait for a person, newest first.
func (c *Client) Holds(ctx context.Context, agent, cursor string, size int) (*Page, error) {
	return nil, errNotBuilt
}

// Decide applies a person's decision and returns the run after it. Errors: *ErrNoRun, *ErrTransition, *ErrStateStore.
func (c *Client) Decide(ctx context.Context, agent, run string, d Decision) (*Run, error) {
	return nil, errNotBuilt
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
	// Unreserved calls and micro-USD were let through without a reservation since the start.
	UnreservedCalls, UnreservedMicroUSD int64
}

// Stats as of now.
func (c *Client) Stats() Stats { return Stats{} }
