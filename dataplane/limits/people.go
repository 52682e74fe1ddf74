package limits

import (
	"context"
	"strconv"
	"strings"
)

const maxPage = 500

// Usage reads a budget's present window.
func (c *Client) Usage(ctx context.Context, charged Charge) (*BudgetState, error) {
	compiled, err := charged.Budget.compile()
	if err != nil {
		return nil, err
	}
	root, err := charged.Scope.root()
	if err != nil {
		return nil, err
	}
	for range windowTries {
		one := charge{0, charged.Budget, compiled, charged.Budget.span(compiled, c.store.clock.now())}
		p := part{root: root, charges: []charge{one}}
		replies, err := c.store.run(ctx, "usage", []invocation{{readScript, root, p.budgets(nil, Amounts{})}})
		if err != nil {
			return nil, err
		}
		if replies[0].text() == "ok" {
			replies[0].int()
			s, _, _, _ := one.state(&replies[0], charged.Scope)
			return &s, nil
		}
	}
	return nil, &ErrStateStore{Step: "usage", Err: errWindow}
}

// Run reads one run; *ErrNoRun if there is none.
func (c *Client) Run(ctx context.Context, agent, run string) (*Run, error) {
	if err := checkRun(agent, run); err != nil {
		return nil, err
	}
	page, err := c.page(ctx, agent, "", "", run, 1)
	if err != nil {
		return nil, err
	}
	if len(page.Runs) == 0 {
		return nil, &ErrNoRun{agent, run}
	}
	return &page.Runs[0], nil
}

// Runs lists an agent's runs, newest first. An empty cursor begins; size is 1 to 500.
func (c *Client) Runs(ctx context.Context, agent, cursor string, size int) (*Page, error) {
	return c.list(ctx, agent, ":runs", cursor, size)
}

func (c *Client) list(ctx context.Context, agent, set, cursor string, size int) (*Page, error) {
	score, after, _ := strings.Cut(cursor, "|")
	switch {
	case !validName(agent):
		return nil, &ErrInvalid{"agent", agent, namesAre}
	case size < 1 || size > maxPage:
		return nil, &ErrInvalid{"size", strconv.Itoa(size), "give 1 to 500"}
	case cursor != "" && !validCursor(score, after):
		return nil, &ErrInvalid{"cursor", cursor, "give the Next of a page"}
	}
	return c.page(ctx, agent, set, score, after, size)
}

func validCursor(score, after string) bool {
	_, err := strconv.ParseInt(score, 10, 64)
	return err == nil && validName(after)
}

func (c *Client) page(ctx context.Context, agent, set, score, after string, size int) (*Page, error) {
	replies, err := c.store.run(ctx, "runs", []invocation{{runsScript, agentRoot(agent), []any{set, score, after, size, 0}}})
	if err != nil {
		return nil, err
	}
	return readPage(agent, replies[0])
}

// readPage reads the reply of runs.lua.
func readPage(agent string, r reply) (*Page, error) {
	values := r.values
	page := &Page{}
	next := reply{values: values[2:4]}
	if score := next.text(); score != "" {
		page.Next = score + "|" + next.text()
	}
	gone, _ := values[4].([]any)
	for _, v := range gone {
		if id, _ := v.(string); id != "" {
			page.Expired = append(page.Expired, Run{ID: id, Agent: agent})
		}
	}
	for _, v := range values[5:] {
		pair, _ := v.([]any)
		if len(pair) != 2 {
			return nil, &ErrStateStore{Step: "runs", Err: errReply}
		}
		fields, _ := pair[1].([]any)
		if id, _ := pair[0].(string); len(fields) > 0 {
			page.Runs = append(page.Runs, *readFields(agent, id, fields, asInt(values[1])))
		}
	}
	return page, nil
}

// Decide applies a person's decision and returns the run after it. Errors: *ErrInvalid, *ErrNoRun, *ErrTransition,
// *ErrStateStore; after the last, decide again with the same Decision.ID.
func (c *Client) Decide(ctx context.Context, agent, run string, d Decision) (*Run, error) {
	if err := checkRun(agent, run); err != nil {
		return nil, err
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	r, applied, err := c.decide(ctx, agent, run, d, holdCause{reason: ByPerson})
	if err != nil || applied {
		return r, err
	}
	refused := &ErrTransition{Verb: d.Verb, State: r.State, Hold: r.holdNumber()}
	if r.From == Held && r.State == Cancelled {
		refused.Expired = r
	}
	return nil, refused
}

func (r *Run) holdNumber() int64 {
	if r.Held == nil {
		return 0
	}
	return r.Held.Number
}

func checkRun(agent, run string) error {
	if !validName(agent) {
		return &ErrInvalid{"agent", agent, namesAre}
	}
	if !validName(run) {
		return &ErrInvalid{"run", run, namesAre}
	}
	return nil
}

func (d Decision) check() error {
	m := d.More
	switch {
	case !validName(d.ID):
		return &ErrInvalid{"decision.id", d.ID, namesAre}
	case d.Verb != HoldNow && d.Verb != Resume && d.Verb != TakeOver && d.Verb != Cancel && d.Verb != Finish:
		return &ErrInvalid{"decision.verb", string(d.Verb), "give Hold, Resume, TakeOver, Cancel or Finish"}
	case min(m.Steps, m.Tokens, m.MicroUSD, m.WallClock) < 0 || max(m.Steps, m.Tokens, m.MicroUSD, m.WallClock) > maxAmount:
		return &ErrInvalid{"decision.more", "out of range", "give 0 to 2^50"}
	case len(d.By) > 256 || len(d.Note) > 256:
		return &ErrInvalid{"decision.by, decision.note", "too long", "give at most 256 bytes"}
	}
	return nil
}

// holdCause is why a run is held.
type holdCause struct {
	reason      Reason
	limit, used int64
	budget, key string
}

// decide returns the run, and whether the decision was applied (now or before); if not, it does not fit the run's state.
func (c *Client) decide(ctx context.Context, agent, run string, d Decision, cause holdCause) (*Run, bool, error) {
	l, listed := d.Limits, unlistedYet(agent)
	for range windowTries {
		args := []any{run, string(d.Verb), d.ID, d.Hold, d.More.Steps, d.More.Tokens, d.More.MicroUSD, d.More.WallClock, d.By, d.Note,
			string(cause.reason), cause.limit, cause.used, cause.budget, cause.key, l.wait(), l.keep(), l.idle(), listed}
		replies, err := c.store.run(ctx, "decide", []invocation{{decideScript, agentRoot(agent), args}})
		if err != nil {
			return nil, false, err
		}
		r := &replies[0]
		word, now := r.text(), r.int()
		switch word {
		case "none":
			return nil, false, &ErrNoRun{agent, run}
		case "index":
			if listed, err = c.enter(ctx, agent); err != nil {
				return nil, false, err
			}
			continue
		}
		return readDecided(agent, run, r, now, word)
	}
	return nil, false, &ErrStateStore{Step: "decide", Err: errIndex}
}

func readDecided(agent, run string, r *reply, now int64, word string) (*Run, bool, error) {
	from := RunState(r.text())
	r.next()
	r.next()
	fields, _ := r.next().([]any)
	decided := readFields(agent, run, fields, now)
	if from != decided.State {
		decided.From = from
	}
	return decided, word != "transition", nil
}

// readFields reads a run's hash; the names are those of the scripts.
func readFields(agent, id string, fields []any, now int64) *Run {
	f := make(map[string]string, len(fields)/2)
	for i := 0; i+1 < len(fields); i += 2 {
		name, _ := fields[i].(string)
		f[name], _ = fields[i+1].(string)
	}
	n := func(name string) int64 { return asInt(f[name]) }
	counter := func(p string) Counter { return Counter{n(p + "u"), n(p + "e"), n(p + "r")} }
	r := &Run{ID: id, Agent: agent, Started: n("t0"), LastCall: n("tl"), Decision: last(f["did"]), Verb: Verb(f["dv"]),
		DecidedBy: f["by"], Note: f["no"], Decided: n("dt"), Waits: n("ws"),
		Extra: Extension{n("xs"), n("xt"), n("xc"), n("xw")}}
	r.RunUsage = RunUsage{State: RunState(f["st"]), Steps: counter("s"), Tokens: counter("t"), MicroUSD: counter("c")}
	end := now
	if since := n("pa"); since > 0 {
		end = since
	}
	r.WallClock = max(0, end-r.Started-n("pz"))
	if n("hn") > 0 {
		r.Held = &RunHold{Number: n("hn"), Reason: Reason(f["hr"]), Limit: n("hl"), Used: n("hu"), Budget: f["hb"], Since: n("ha"),
			Expires: n("hx"), Expired: n("hp") == 1}
	}
	return r
}

// last of a list of ids.
func last(ids string) string {
	list := strings.Fields(ids)
	if len(list) == 0 {
		return ""
	}
	return list[len(list)-1]
}
