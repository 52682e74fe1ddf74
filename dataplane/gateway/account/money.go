package account

import (
	"agentops.dev/dataplane/gateway/api"
	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/limits"
)

// mostTokens keeps a product of tokens and a price within an integer, whatever a provider reports.
const mostTokens = int64(5e8)

// Cost in micro-USD, rounded up; unknown without a price.
func Cost(p *plan.Price, u api.Usage) (microUSD int64, known bool) {
	if p == nil {
		return 0, false
	}
	plain := u.Input - u.CachedInput - u.CacheWrite
	sum := product(plain, p.Input) + product(u.CachedInput, or(p.CachedInput, p.Input)) + product(u.CacheWrite, or(p.CacheWrite, p.Input)) +
		product(u.Output-u.Reasoning, p.Output) + product(u.Reasoning, or(p.Reasoning, p.Output))
	return (sum + 999_999) / 1_000_000, true
}

func product(tokens, price int64) int64 { return max(0, min(tokens, mostTokens)) * price }

func or(price *int64, otherwise int64) int64 {
	if price == nil {
		return otherwise
	}
	return *price
}

// Most is what a call can use at most over the targets that may answer it.
func Most(p *plan.Plan, targets []string, input, output int64) limits.Amounts {
	a := limits.Amounts{InputTokens: input, OutputTokens: output, PriceUnknown: true}
	for _, name := range targets {
		price := p.Targets[name].Price
		if price == nil {
			continue
		}
		// Writing to a cache may cost more than reading does.
		dear := *price
		dear.Input = max(price.Input, or(price.CacheWrite, 0))
		dear.Output = max(price.Output, or(price.Reasoning, 0))
		dear.Reasoning = nil
		cost, _ := Cost(&dear, api.Usage{Input: input, Output: output})
		a.MicroUSD, a.PriceUnknown = max(a.MicroUSD, cost), false
	}
	return a
}

// Bill adds up what the targets of one call have used.
type Bill struct {
	Usage        api.Usage
	MicroUSD     int64
	PriceUnknown bool
}

// Add puts a target's use on the bill.
func (b *Bill) Add(p *plan.Price, u api.Usage) {
	cost, known := Cost(p, u)
	b.MicroUSD += cost
	b.PriceUnknown = b.PriceUnknown || !known
	b.Usage = b.Usage.Add(u)
}

// Charge is the bill in the form of the state store.
func (b *Bill) Charge() limits.Usage {
	return limits.Usage{
		Amounts:   limits.Amounts{InputTokens: b.Usage.Input, OutputTokens: b.Usage.Output, MicroUSD: b.MicroUSD, PriceUnknown: b.PriceUnknown},
		Estimated: b.Usage.Estimated,
	}
}

// Settle fills in what the provider did not say by estimate, and marks it: a missing usage is never 0.
func Settle(u api.Usage, input, written int64) api.Usage {
	if u.Known {
		return u
	}
	if u.Input == 0 {
		u.Input = input
	}
	u.Output = max(u.Output, written)
	u.Estimated = true
	return u
}
