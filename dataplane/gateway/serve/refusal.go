package serve

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"agentops.dev/dataplane/gateway/api"
	"agentops.dev/dataplane/gateway/upstream"
	"agentops.dev/dataplane/limits"
)

// refusal is an answer that is an error.
type refusal struct {
	api.Error
	retryAfter time.Duration
	// final: what is waited for takes longer than a client repeats by itself.
	final bool
}

const (
	policyType   = "agentops_policy"
	providerType = "provider_error"
)

// policy is a decision of the gateway.
func policy(status int, code, param, format string, args ...any) *refusal {
	return &refusal{Error: api.Error{Status: status, Type: policyType, Code: code, Param: param, Message: fmt.Sprintf(format, args...)}}
}

func (r *refusal) after(d time.Duration) *refusal {
	r.retryAfter = d
	return r
}

// soon: waiting this long is worth a client's own retry.
const soon = time.Minute

// write answers with the refusal in the words of the client's interface.
func (r *refusal) write(w http.ResponseWriter, a api.API) {
	h := w.Header()
	h["Content-Type"] = []string{"application/json"}
	if r.retryAfter > 0 {
		h["Retry-After"] = []string{strconv.FormatInt(int64((r.retryAfter+time.Second-1)/time.Second), 10)}
	}
	if r.Type == policyType {
		h["X-Agentops-Denied"] = []string{r.Code}
		// SDKs repeat 409, 429 and 5xx by themselves, which no limit is helped by.
		if r.final || r.retryAfter == 0 || r.retryAfter > soon {
			h["X-Should-Retry"] = []string{"false"}
		}
	}
	w.WriteHeader(r.Status)
	_, _ = w.Write(a.Error(r.Error))
}

// words are status and code of the store's reasons.
var words = map[limits.Reason]struct {
	status int
	code   string
	text   string
}{
	limits.MaxSteps:          {403, "run_steps", "the run made all the steps that it may make"},
	limits.MaxTokens:         {403, "run_tokens", "the run used all the tokens that it may use"},
	limits.MaxCost:           {403, "run_cost", "the run cost all that it may cost"},
	limits.MaxWallClock:      {403, "run_seconds", "the run took all the time that it may take"},
	limits.IdenticalCalls:    {403, "run_loop", "the run repeats the same call"},
	limits.NoProgressMade:    {403, "run_no_progress", "the run goes in circles"},
	limits.RunHeld:           {409, "run_held", "the run waits for a person's decision"},
	limits.RunTakenOver:      {403, "run_taken_over", "a person took the run over"},
	limits.RunResumed:        {503, "run_resumed", "the run was taken over and given back just now"},
	limits.RunCancelled:      {403, "run_cancelled", "the run was cancelled"},
	limits.NoRunIdentity:     {400, "run_id_required", "the call names no run; send the header x-agentops-run-id"},
	limits.RunsAtOnce:        {429, "concurrent_runs", "the agent has as many runs at once as it may have"},
	limits.TooManyRuns:       {429, "concurrent_runs", "the agent has as many runs as can be remembered"},
	limits.NewRunsPerMinute:  {429, "new_runs", "the agent began as many runs this minute as it may begin"},
	limits.RequestsPerMinute: {429, "calls_per_minute", "the agent made as many calls this minute as it may make"},
	limits.TokensPerMinute:   {429, "tokens_per_minute", "the agent used as many tokens this minute as it may use"},
	limits.Concurrency:       {429, "concurrent_calls", "the agent has as many calls in flight as it may have"},
	limits.BudgetExhausted:   {429, "budget_exhausted", "the budget is used up"},
	limits.BudgetInFlight:    {429, "budget_in_flight", "calls in flight hold the rest of the budget"},
	limits.BudgetTooSmall:    {403, "budget_too_small", "the call alone is larger than the budget"},
	limits.BudgetHold:        {403, "budget_hold", "the budget holds runs for a person, and the call names no run"},
	limits.PriceUnknown:      {403, "price_unknown", "no target of this model has a price, and a limit is in USD: give one a price, or set onUnknownPrice to Allow"},
	limits.StateStoreDown:    {503, "state_unavailable", "limits cannot be checked just now"},
}

// holdRetry is when a held run may ask again: a person decides in minutes.
const holdRetry = time.Minute

// denied puts a denial of the state store into words.
func denied(d *limits.Denial) *refusal {
	w, ok := words[d.Reason]
	if !ok {
		return policy(http.StatusInternalServerError, "internal", "", "the call could not be counted (%s)", d.Reason)
	}
	text, param := w.text, ""
	if d.Budget != nil {
		param = d.Budget.ID
		text += fmt.Sprintf(" (budget %s)", d.Budget.ID)
	}
	if d.Limit > 0 {
		text += fmt.Sprintf(": limit %d, used %d, in flight %d", d.Limit, d.Used, d.Reserved)
	}
	if d.Held != nil && d.Reason == limits.RunHeld {
		text += fmt.Sprintf("; it was held by %s at %d of %d", d.Held.Reason, d.Held.Used, d.Held.Limit)
	}
	r := policy(w.status, w.code, param, "%s", text).after(d.RetryAfter)
	if d.Reason == limits.RunHeld && r.retryAfter == 0 {
		r.retryAfter = holdRetry
	}
	return r
}

// failed puts a provider's failure into words. What a provider says about the request is passed on; what it says about
// itself, or about our credential, is not the client's fault.
func failed(f *upstream.Failure) *refusal {
	r := &refusal{Error: api.Error{Type: providerType, Message: f.Message}, retryAfter: f.RetryAfter}
	switch f.Class {
	case upstream.ClientError:
		r.Status, r.Code, r.Param = f.Status, f.Code, f.Param
		if r.Code == "" {
			r.Code = f.Type
		}
	case upstream.Unsupported:
		return policy(http.StatusBadRequest, "not_supported", "model", "the provider of this model has no such interface")
	case upstream.RateLimited:
		r.Status, r.Code, r.Message = http.StatusTooManyRequests, "provider_rate_limited", "every provider of this model limits the rate just now"
	case upstream.Timeout:
		r.Status, r.Code = http.StatusGatewayTimeout, "provider_timeout"
	case upstream.InvalidResponse:
		r.Status, r.Code = http.StatusBadGateway, "provider_invalid"
	default:
		r.Status, r.Code = http.StatusServiceUnavailable, "provider_unavailable"
		r.Message = "no provider of this model can answer just now (" + strings.ToLower(string(f.Class)) + ")"
	}
	return r
}
