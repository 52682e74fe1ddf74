package limits

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

// The scripts count in double precision: integers are exact up to 2^53. Sums stay far below with amounts up to 2^50, which
// is a thousand million dollars.
const maxAmount = 1 << 50

const (
	maxLadder = 8
	maxCharge = 64
	maxLook   = 64
	// A window is kept after its end: at least this long, so that late commits still find it, at most a day.
	minKeep, maxKeep = time.Hour, 24 * time.Hour
	// Use that never resets must not vanish because nobody called for a while.
	keepForever = 400 * 24 * time.Hour
)

// compiled is what a budget looks like to the scripts.
type compiled struct {
	zone    *time.Location
	ladder  []Rung // by threshold, then by strength
	steps   []int64
	hard    int64
	width   int64 // of a bucket of a rolling window, milliseconds
	keep    int64 // milliseconds
	tail    []any // the arguments that are the same for every call, boxed once
	present atomic.Pointer[present]
}

// present is the window of now, with the key and the arguments that are the same for all calls in it.
type present struct {
	span
	key  string
	head []any
}

// Validate says what cannot be meant in the budget, as *ErrInvalid. A plan calls it before it is put into force.
func (b *Budget) Validate() error {
	_, err := b.compile()
	return err
}

func (b *Budget) compile() (*compiled, error) {
	if c := b.ready.Load(); c != nil {
		return c, nil
	}
	if err := b.check(); err != nil {
		return nil, err
	}
	zone, err := b.Window.check()
	if err != nil {
		return nil, err
	}
	c := &compiled{zone: zone, hard: b.Limit, ladder: slices.Clone(b.Ladder), keep: b.Window.keep().Milliseconds()}
	if b.Window.Kind == Rolling {
		c.width = b.Window.Length.Milliseconds() / 60
	}
	if err := c.climb(b.Limit); err != nil {
		return nil, err
	}
	c.tail = []any{c.hard, flag(b.Mode == Shadow), len(c.steps)}
	for _, step := range c.steps {
		c.tail = append(c.tail, step)
	}
	b.ready.Store(c)
	return c, nil
}

// climb orders the ladder and finds where it blocks.
func (c *compiled) climb(limit int64) error {
	for i, r := range c.ladder {
		if r.Amount == 0 {
			if r.Percent < 1 || r.Percent > 100 {
				return &ErrInvalid{"ladder.percent", strconv.FormatInt(r.Percent, 10), "give 1 to 100, or an amount"}
			}
			c.ladder[i].Amount = share(limit, r.Percent)
		}
		if c.ladder[i].Amount < 1 || c.ladder[i].Amount > limit {
			return &ErrInvalid{"ladder.amount", strconv.FormatInt(r.Amount, 10), fmt.Sprintf("give 1 to the limit, %d", limit)}
		}
		if strength(r.Action) < 1 {
			return &ErrInvalid{"ladder.action", string(r.Action), "give Alert, CheaperModel, ReadOnlyTools, Hold or Block"}
		}
		if r.Action == Block {
			c.hard = min(c.hard, c.ladder[i].Amount)
		}
	}
	slices.SortStableFunc(c.ladder, func(a, b Rung) int {
		return cmp.Or(cmp.Compare(a.Amount, b.Amount), cmp.Compare(strength(a.Action), strength(b.Action)))
	})
	for _, r := range c.ladder {
		c.steps = append(c.steps, r.Amount)
	}
	return nil
}

// share is the percentage rounded up, without overflow.
func share(limit, percent int64) int64 {
	return limit/100*percent + (limit%100*percent+99)/100
}

func strength(a Action) int {
	return slices.Index([]Action{NoAction, Alert, CheaperModel, ReadOnlyTools, Hold, Block}, a)
}

func (b *Budget) check() error {
	switch {
	case !validName(b.ID):
		return &ErrInvalid{"budget.id", b.ID, namesAre}
	case !slices.Contains([]Unit{InputTokens, OutputTokens, TotalTokens, MicroUSD, Requests}, b.Unit):
		return &ErrInvalid{"budget.unit", string(b.Unit), "give InputTokens, OutputTokens, TotalTokens, MicroUSD or Requests"}
	case b.Limit < 1 || b.Limit > maxAmount:
		return &ErrInvalid{"budget.limit", strconv.FormatInt(b.Limit, 10), "give 1 to 2^50"}
	case b.Mode != "" && b.Mode != Enforce && b.Mode != Shadow:
		return &ErrInvalid{"budget.mode", string(b.Mode), "give Enforce or Shadow"}
	case len(b.Ladder) > maxLadder:
		return &ErrInvalid{"budget.ladder", strconv.Itoa(len(b.Ladder)), "give at most 8 rungs"}
	}
	return nil
}

func (w Window) check() (*time.Location, error) {
	if !slices.Contains([]WindowKind{Hour, Day, Week, Month, Rolling, NoWindow}, w.Kind) {
		return nil, &ErrInvalid{"window.kind", string(w.Kind), "give Hour, Day, Week, Month, Rolling or None"}
	}
	if w.Kind == Rolling && (w.Length < time.Minute || w.Length > 366*24*time.Hour) {
		return nil, &ErrInvalid{"window.length", w.Length.String(), "give one minute to 366 days"}
	}
	// "Local" would be the gateway's own zone: two replicas could differ.
	zone, err := time.LoadLocation(w.TimeZone)
	if err != nil || w.TimeZone == "Local" {
		return nil, &ErrInvalid{"window.timeZone", w.TimeZone, "give a name of the IANA time zone database, as Europe/Berlin"}
	}
	return zone, nil
}

// keep is how long a window is kept: calendar windows after their end, others after their last use.
func (w Window) keep() time.Duration {
	switch w.Kind {
	case Rolling:
		return 2*w.Length + minKeep
	case NoWindow:
		return keepForever
	case Hour:
		return 2 * minKeep
	default:
		return maxKeep
	}
}

// span of the budget at the instant; computed once a window.
func (b *Budget) span(c *compiled, ms int64) *present {
	if p := c.present.Load(); p != nil && p.holds(ms) {
		return p
	}
	p := b.within(c, b.Window.spanAt(ms, c.zone))
	c.present.Store(p)
	return p
}

func (b *Budget) within(c *compiled, s span) *present {
	expires := int64(0)
	if s.till > 0 {
		expires = s.till + c.keep
	}
	key := b.ID + ":" + s.id
	return &present{s, key, []any{key, c.width, s.from, s.till, expires, c.keep}}
}

// amount of the call in the budget's unit.
func (b *Budget) amount(a Amounts) int64 {
	switch b.Unit {
	case InputTokens:
		return a.InputTokens
	case OutputTokens:
		return a.OutputTokens
	case TotalTokens:
		return a.InputTokens + a.OutputTokens
	case MicroUSD:
		return a.MicroUSD
	default:
		return 1
	}
}

// Validate says what cannot be meant in the limits, as *ErrInvalid.
func (l *AgentLimits) Validate() error {
	r := &l.Run
	for _, f := range []struct {
		name  string
		value int64
		most  int64
	}{
		{"run.steps", r.Steps.Max, maxAmount}, {"run.tokens", r.Tokens.Max, maxAmount}, {"run.microUSD", r.MicroUSD.Max, maxAmount},
		{"run.wallClock", r.WallClock.Max, maxAmount}, {"run.identical", r.Identical.Max, maxLook},
		{"run.noProgress.window", r.NoProgress.Window, maxLook}, {"run.noProgress.distinct", r.NoProgress.Distinct, maxLook},
		{"runsAtOnce", l.RunsAtOnce, maxAmount}, {"newRunsPerMinute", l.NewRunsPerMinute, maxAmount},
		{"requestsPerMinute", l.RequestsPerMinute, maxAmount}, {"tokensPerMinute", l.TokensPerMinute, maxAmount},
		{"concurrency", l.Concurrency, maxAmount}, {"runIdle", int64(l.RunIdle), math.MaxInt64},
		{"runKeep", int64(l.RunKeep), math.MaxInt64}, {"holdExpiry", int64(l.HoldExpiry), math.MaxInt64},
	} {
		if f.value < 0 || f.value > f.most {
			return &ErrInvalid{f.name, strconv.FormatInt(f.value, 10), fmt.Sprintf("give 0 (no limit) to %d", f.most)}
		}
	}
	if r.Identical.Max == 1 {
		return &ErrInvalid{"run.identical", "1", "give 2 or more: one call is no repetition"}
	}
	return l.checkWords()
}

func (l *AgentLimits) checkWords() error {
	r := &l.Run
	for _, a := range []LimitAction{r.Steps.Action, r.Tokens.Action, r.MicroUSD.Action, r.WallClock.Action, r.Identical.Action, r.NoProgress.Action} {
		if a != "" && a != Refuse && a != HoldRun {
			return &ErrInvalid{"run.action", string(a), "give Refuse or Hold"}
		}
	}
	return nil
}
