package reporter

import (
	"context"
	"net"
	"net/url"
	"strconv"
	"time"

	"agentops.dev/dataplane/collector/canary"
	"agentops.dev/dataplane/collector/report"
)

// calm is the time between two looks once the canary was refused; before that, each report brings one.
const calm = 30 * time.Second

// look is what the sidecar knows of its pod's egress.
type look struct {
	result string
	at     time.Time
}

// taken looks where the relay asks for it and it is time to; it says whether the result is another than before.
func (l *look) taken(ctx context.Context, asked *report.Canary, relay string) bool {
	before := l.result
	switch {
	case asked == nil:
		*l = look{}
	case l.result == canary.Refused && time.Since(l.at) < calm:
	default:
		l.result, l.at = canary.Look(ctx, beside(relay, asked.Port)), time.Now()
	}
	return l.result != before
}

// beside is another port of the relay. It is reached by the same name, so that only the port makes the difference.
func beside(relay string, port int) string {
	host := ""
	if u, err := url.Parse(relay); err == nil {
		host = u.Hostname()
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}
