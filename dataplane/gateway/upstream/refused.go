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

// refused reads an answer that is an error.
func refused(status int, h http.Header, data []byte) *Failure {
	f := &Failure{Status: status, RetryAfter: retryAfter(h)}
	if body.Sound(data) {
		e := gjson.GetBytes(data, "error")
		f.Message, f.Type, f.Code, f.Param = e.Get("message").String(), e.Get("type").String(), e.Get("code").String(), e.Get("param").String()
		if e.Type == gjson.String {
			f.Message = e.Str
		}
	}
	if f.Message == "" {
		f.Message = "the provider answered HTTP " + strconv.Itoa(status)
	}
	f.Class = classOf(f)
	return f
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

// retryAfter reads seconds or a date.
func retryAfter(h http.Header) time.Duration {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms > 0 {
		return time.Duration(ms * float64(time.Millisecond))
	}
	text := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(text, 64); err == nil && s > 0 && s < 1e6 {
		return time.Duration(s * float64(time.Second))
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}
