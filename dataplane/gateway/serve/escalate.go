package serve

import (
	"slices"

	"github.com/tidwall/gjson"

	"agentops.dev/dataplane/gateway/api"
	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/gateway/upstream"
)

// search finds an answer that is good enough.
func (c *call) search() (string, *upstream.Answer, *upstream.Failure) {
	if !c.escalates() {
		return c.router().Run(c.r.Context(), c.route, c.order, c.askTarget)
	}
	if c.needsStrongest() {
		c.order = append([]string{c.order[len(c.order)-1]}, c.order[:len(c.order)-1]...)
		c.report.Escalated = true
		return c.router().Run(c.r.Context(), c.route, c.order, c.askTarget)
	}
	return c.cheapFirst()
}

// needsStrongest says that no answer but the last target's would be taken, whatever it says: to ask the others would only
// cost. They answer where the last one fails.
func (c *call) needsStrongest() bool {
	return len(c.order) > 1 && c.signals(plan.LowConfidence) && !c.tellsCertainty()
}

func (c *call) signals(s plan.Signal) bool { return slices.Contains(c.route.Escalation.On, s) }

// cheapFirst asks cheap targets first and goes on while a signal says that an answer is not good enough. The last answer
// stands when nobody gives a better one.
func (c *call) cheapFirst() (target string, best *upstream.Answer, failure *upstream.Failure) {
	order := c.order
	if len(order) > 1 && c.signals(plan.ToolError) && toolFailed(c.body.Get("messages"), c.body.Get("input")) {
		order, c.report.Escalated = order[1:], true
	}
	for {
		found, got, failed := c.router().Run(c.r.Context(), c.route, order, c.askTarget)
		if failed != nil && best != nil {
			return target, best, nil
		}
		at := slices.Index(order, found)
		if failed != nil || at == len(order)-1 {
			c.dismiss(target, best)
			return found, got, failed
		}
		enough := c.goodEnough(got)
		c.dismiss(target, best)
		if enough {
			return found, got, nil
		}
		target, best, order, c.report.Escalated = found, got, order[at+1:], true
	}
}

// dismiss pays for an answer that nobody will see.
func (c *call) dismiss(target string, a *upstream.Answer) {
	if a == nil {
		return
	}
	if b, ok := a.Events.(*begun); ok {
		c.spent(target, b.reader.Usage(), b.reader.Written())
		b.Close()
		return
	}
	answer := gjson.ParseBytes(a.Body)
	c.spent(target, c.api.Usage(answer), api.Tokens(c.api.Written(answer)))
}
