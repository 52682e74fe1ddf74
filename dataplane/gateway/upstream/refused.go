package upstream

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"agentops.dev/dataplane/gateway/body"
)

// CredentialMissing is the code of a failure of our own making: the target's credential is not there.
const CredentialMissing = "credential_missing"

// CredentialRefused is the code of a credential of which no token came.
const CredentialRefused = "credential_refused"

// refused reads an answer that is an error.
func refused(status int, h http.Header, data []byte) *Failure {
	f := &Failure{Status: status, RetryAfter: retryAfter(h)}
	if body.Sound(data) {
		f.read(gjson.ParseBytes(data))
	}
	if f.Message == "" {
		f.Message = "the provider answered HTTP " + strconv.Itoa(status)
	}
	f.Class = classOf(f)
	return f
}

// read takes the provider's words. Most put them into `error`; Mistral, Databricks, Snowflake and Amazon do not, and xAI has
// a text there. A message that is no text quotes the request.
func (f *Failure) read(answer gjson.Result) {
	e := answer.Get("error")
	if !e.IsObject() {
		f.Message = e.Str
		e = answer
	}
	if message := e.Get("message"); message.Type == gjson.String && message.Str != "" {
		f.Message = message.Str
	}
	f.Type, f.Param = e.Get("type").Str, e.Get("param").Str
	if f.Code = e.Get("code").String(); f.Code == "" {
		f.Code = e.Get("error_code").String()
	}
}

// refusals are words by which providers say that their safety system refused. Asking another provider would be a way
// around it.
var refusals = []string{"content_filter", "content_policy", "content_management", "safety", "moderation", "responsibleai", "guardrail"}

func classOf(f *Failure) Class {
	words := strings.ToLower(f.Type + " " + f.Code)
	for _, word := range refusals {
		if strings.Contains(words, word) {
			return ClientError
		}
	}
	switch {
	case f.Status == http.StatusTooManyRequests:
		return RateLimited
	case f.Status == http.StatusUnauthorized, f.Status == http.StatusForbidden, f.Status == http.StatusPaymentRequired:
		return Unauthorized
	case f.Status == http.StatusRequestTimeout:
		return Timeout
	case f.Status >= 500:
		return ServerError
	case f.Status >= 400:
		return ClientError
	}
	return InvalidResponse
}

// longestWait is the most that is told of a provider's Retry-After: whatever a wrong header says, it is asked again then.
const longestWait = 24 * time.Hour

// retryAfter reads seconds or a date.
func retryAfter(h http.Header) time.Duration {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms > 0 {
		return wait(ms / 1000)
	}
	text := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(text, 64); err == nil {
		return wait(s)
	}
	if at, err := http.ParseTime(text); err == nil {
		return wait(time.Until(at).Seconds())
	}
	return 0
}

// wait is a duration within bounds; what is no number is none.
func wait(seconds float64) time.Duration {
	if !(seconds > 0) {
		return 0
	}
	return time.Duration(min(seconds, longestWait.Seconds()) * float64(time.Second))
}
