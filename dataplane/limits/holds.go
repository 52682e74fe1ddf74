package limits

import (
	"context"
	"errors"
	"strconv"
	"strings"
)

// indexRoot is the slot of the agents that have runs which wait for a person.
const indexRoot = "ao:{holds}"

// agentsAtOnce are asked in one round trip; each may have a whole page of runs.
const agentsAtOnce = 16

// confirmEvery is in milliseconds.
const confirmEvery = 60_000

var errIndex = errors.New("the index of agents changed again and again")

// enter puts an agent into the index, before one of its runs is held: a gateway that dies in between leaves an entry too
// many, which the next reader takes out, and never a hold that nobody finds.
func (c *Client) enter(ctx context.Context, agent string) (number int64, err error) {
	if IsProbe(agent) {
		return 1, nil // nobody decides about a probe's run, so nobody may find it
	}
	replies, err := c.store.run(ctx, "index", []invocation{{indexScript, indexRoot, []any{"enter", agent}}})
	if err != nil {
		return 0, err
	}
	replies[0].text()
	replies[0].int()
	return replies[0].int(), nil
}

// unlistedYet is the number to begin with: none, but for a probe, whose holds wait for nobody and are in no list.
func unlistedYet(agent string) int64 {
	if IsProbe(agent) {
		return maxAmount
	}
	return 0
}

// confirm puts the agent of a run that is held into the index again, now and then: a store that forgot its index gets it back.
func (c *Client) confirm(ctx context.Context, v *Verdict, agent string) {
	if v.Denial == nil || v.Denial.Reason != RunHeld || IsProbe(agent) {
		return
	}
	now := c.store.clock.now()
	if before, ok := c.entered.Load(agent); ok && now-before.(int64) < confirmEvery {
		return
	}
	if _, err := c.enter(ctx, agent); err == nil {
		c.entered.Store(agent, now)
	}
}

// listed is an entry of the index.
type listed struct {
	agent  string
	number int64
}

// Holds lists the runs of all agents that wait for a person, or that a person took over. It costs as much as there are. An
// empty cursor begins; size is 1 to 500. A run that begins to wait meanwhile may be told twice, none is left out.
func (c *Client) Holds(ctx context.Context, cursor string, size int) (*Page, error) {
	if size < 1 || size > maxPage {
		return nil, &ErrInvalid{"size", strconv.Itoa(size), "give 1 to 500"}
	}
	at, err := parsePlace(cursor)
	if err != nil {
		return nil, err
	}
	page := &Page{}
	for {
		agents, err := c.listed(ctx, at)
		if err != nil {
			return nil, err
		}
		full, err := c.gather(ctx, agents, at, size, page)
		if err != nil || full || len(agents) < agentsAtOnce {
			return page, err
		}
		at = place{number: agents[len(agents)-1].number}
	}
}

// place in the list: behind a run of the agent with that number, or behind the agent.
type place struct {
	number int64
	within string
}

func parsePlace(cursor string) (place, error) {
	if cursor == "" {
		return place{}, nil
	}
	number, within, _ := strings.Cut(cursor, "|")
	n, err := strconv.ParseInt(number, 10, 64)
	score, after, _ := strings.Cut(within, "|")
	if err != nil || n < 1 || (within != "" && !validCursor(score, after)) {
		return place{}, &ErrInvalid{"cursor", cursor, "give the Next of a page"}
	}
	return place{n, within}, nil
}

func (p place) String() string { return strconv.FormatInt(p.number, 10) + "|" + p.within }

func (c *Client) listed(ctx context.Context, at place) ([]listed, error) {
	from := strconv.FormatInt(at.number, 10)
	if at.within == "" {
		from = "(" + from
	}
	replies, err := c.store.run(ctx, "index", []invocation{{indexScript, indexRoot, []any{"page", from, agentsAtOnce}}})
	if err != nil {
		return nil, err
	}
	r := &replies[0]
	r.text()
	r.int()
	agents := make([]listed, 0, agentsAtOnce)
	for r.at < len(r.values) {
		agents = append(agents, listed{r.text(), r.int()})
	}
	return agents, nil
}

// gather asks the agents and fills the page; it says whether the page is full. Agents where nobody waits leave the index.
func (c *Client) gather(ctx context.Context, agents []listed, at place, size int, page *Page) (full bool, err error) {
	if len(agents) == 0 {
		return false, nil
	}
	invocations := make([]invocation, len(agents))
	for i, a := range agents {
		score, after := "", ""
		if a.number == at.number {
			score, after, _ = strings.Cut(at.within, "|")
		}
		invocations[i] = invocation{runsScript, agentRoot(a.agent), []any{":wait", score, after, size - len(page.Runs), a.number}}
	}
	replies, err := c.store.run(ctx, "holds", invocations)
	if err != nil {
		return false, err
	}
	leave := []any{"leave"}
	for i, a := range agents {
		one, err := readPage(a.agent, replies[i])
		if err != nil {
			return false, err
		}
		page.Expired = append(page.Expired, one.Expired...)
		if replies[i].values[0] == "empty" {
			leave = append(leave, a.agent, a.number)
		}
		if !full {
			full = page.take(one, a.number, size)
		}
	}
	if len(leave) > 1 {
		// A failure leaves entries too many, for the next reader.
		_, _ = c.store.run(ctx, "index", []invocation{{indexScript, indexRoot, leave}})
	}
	return full, nil
}

// take adds the runs of one agent as far as there is room, and says whether there is no more.
func (p *Page) take(one *Page, number int64, size int) (full bool) {
	room := size - len(p.Runs)
	if len(one.Runs) < room {
		p.Runs = append(p.Runs, one.Runs...)
		return false
	}
	p.Runs = append(p.Runs, one.Runs[:room]...)
	last := p.Runs[size-1]
	p.Next = place{number, strconv.FormatInt(last.Waits, 10) + "|" + last.ID}.String()
	return true
}
