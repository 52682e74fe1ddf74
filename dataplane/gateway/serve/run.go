package serve

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"agentops.dev/dataplane/gateway/body"
)

// noRun is told where a call names no run.
const noRun = "NoRunIdentity"

var (
	runName = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,128}$`)
	trace   = regexp.MustCompile(`^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}`)
)

// runOf finds the run that a call belongs to: what is said on purpose counts before what follows from a trace.
func runOf(h http.Header, o *body.Object) (string, *refusal) {
	for _, id := range []string{
		h.Get("X-Agentops-Run-Id"), baggage(h, "agentops.run.id"), baggage(h, "gen_ai.conversation.id"), h.Get("X-Agentops-Conversation-Id"),
		conversation(o),
	} {
		if id == "" {
			continue
		}
		if !runName.MatchString(id) {
			return "", policy(http.StatusBadRequest, "run_id_invalid", "run", "the run id %.40q cannot be one: write 1 to 128 letters, digits and . _ : -", id)
		}
		return id, nil
	}
	if m := trace.FindStringSubmatch(h.Get("Traceparent")); m != nil && strings.Trim(m[1], "0") != "" {
		return m[1], nil
	}
	return "", nil
}

// conversation reads the body's own names for it: an object with an id, or the id.
func conversation(o *body.Object) string {
	c := o.Get("conversation")
	if c.IsObject() {
		return c.Get("id").Str
	}
	if c.Str != "" {
		return c.Str
	}
	return o.Get("metadata").Get("conversation_id").Str
}

// baggage reads a member of the W3C baggage.
func baggage(h http.Header, name string) string {
	for _, line := range h["Baggage"] {
		for member := range strings.SplitSeq(line, ",") {
			pair, _, _ := strings.Cut(member, ";")
			key, value, _ := strings.Cut(pair, "=")
			if strings.TrimSpace(key) != name {
				continue
			}
			if text, err := url.PathUnescape(strings.TrimSpace(value)); err == nil {
				return text
			}
		}
	}
	return ""
}

// endUserOf is what the client says about its user: information, not identity.
func endUserOf(h http.Header, o *body.Object) string {
	for _, name := range []string{h.Get("X-Agentops-End-User"), o.Get("user").Str, o.Get("metadata").Get("user_id").Str} {
		if name != "" {
			return name[:min(len(name), 256)]
		}
	}
	return ""
}
