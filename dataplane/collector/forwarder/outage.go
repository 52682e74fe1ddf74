package forwarder

import (
	"context"
	"net"
	"net/url"
	"sync"
	"time"

	"go.uber.org/zap"

	"agentops.dev/dataplane/ticking"
)

// Witness is told what became of calls while the gateway is away.
type Witness interface {
	Problem(text string)
	Solved(text string)
	// Direct counts a call that went to the provider past the gateway; Unserved one that was refused for want of a gateway.
	Direct()
	Unserved()
}

// What the pod reports while the gateway is away. The operator knows them by their first word.
const (
	refusing = "GatewayAway: the gateway cannot be reached, and model calls are refused"
	straight = "GoesDirect: the gateway cannot be reached, and model calls go to the provider past limits and guardrails"
)

// outage is from the first call that does not reach the gateway until one does, or until the gateway takes connections:
// an agent may ask nothing for hours, and its pod must not be said to go around the gateway all that time.
type outage struct {
	text    string
	witness Witness
	log     *zap.Logger
	reaches func(context.Context) error
	every   time.Duration

	mu  sync.Mutex
	end context.CancelFunc // nil: there is none
}

func newOutage(config *Config, witness Witness, log *zap.Logger) *outage {
	text := refusing
	if config.OnGatewayDown == Direct {
		text = straight
	}
	address := hostPort(config.Gateway)
	reaches := func(ctx context.Context) error {
		conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err
	}
	return &outage{text: text, witness: witness, log: log, reaches: reaches, every: retryEvery}
}

// retryEvery is how often the gateway is looked for while it is away.
const retryEvery = 2 * time.Second

func hostPort(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	if u.Port() != "" {
		return u.Host
	}
	return net.JoinHostPort(u.Hostname(), u.Scheme) // a service name is a port to the dialer
}

// begin says so once, not for every call: a gateway may be away for long.
func (o *outage) begin(cause error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.end != nil {
		return
	}
	o.log.Warn("the gateway cannot be reached", zap.String("error", plain(cause)))
	o.witness.Problem(o.text)
	ctx, cancel := context.WithCancel(context.Background())
	o.end = cancel
	go o.look(ctx)
}

func (o *outage) look(ctx context.Context) {
	ticking.Every(ctx, o.every, func() {
		if o.reaches(ctx) == nil {
			o.over()
		}
	})
}

// over ends the outage, if there is one.
func (o *outage) over() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.end == nil {
		return
	}
	o.end()
	o.end = nil
	o.witness.Solved(o.text)
	o.log.Info("the gateway can be reached again")
}
