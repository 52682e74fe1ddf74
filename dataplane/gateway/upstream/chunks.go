package upstream

import (
	"errors"
	"io"
	"time"

	"github.com/maximhq/bifrost/core/providers/anthropic"
	"github.com/maximhq/bifrost/core/schemas"

	"agentops.dev/dataplane/gateway/api"
)

// chunks turns the library's stream into the client's language.
type chunks struct {
	in      chan *schemas.BifrostStreamChunk
	ctx     *schemas.BifrostContext
	kind    api.Kind
	limit   *clock
	idle    time.Duration
	started bool
	ready   []api.Event
	items   items
	ended   bool
	finish  bool
}

// Started implements Events.
func (c *chunks) Started() {
	c.started = true
	c.limit.timer.Reset(c.idle)
}

// More implements Events.
func (c *chunks) More() bool { return len(c.ready) > 0 || len(c.in) > 0 }

// Close implements Events. The library closes its connection when the context ends, and writes until then.
func (c *chunks) Close() {
	c.limit.stop()
	go func() {
		for range c.in { //nolint:revive // drained, so that the library's goroutine ends
		}
	}()
}

// Next implements Events.
func (c *chunks) Next() (api.Event, error) {
	for len(c.ready) == 0 {
		if c.ended {
			return api.Event{}, io.EOF
		}
		select {
		case chunk, ok := <-c.in:
			if err := c.take(chunk, ok); err != nil {
				return api.Event{}, err
			}
		case <-c.ctx.Done():
			return api.Event{}, c.gone()
		}
	}
	e := c.ready[0]
	c.ready = c.ready[1:]
	return e, nil
}

func (c *chunks) gone() error {
	if c.limit.over.Load() {
		return errIdle
	}
	return c.ctx.Err()
}

func (c *chunks) take(chunk *schemas.BifrostStreamChunk, ok bool) error {
	if !ok {
		c.ended = true
		if c.limit.over.Load() {
			return errIdle
		}
		if c.kind == api.ChatKind && c.finish {
			c.ready = append(c.ready, api.Event{Data: []byte("[DONE]")})
		}
		return nil
	}
	if c.started {
		c.limit.timer.Reset(c.idle)
	}
	switch {
	case chunk.BifrostError != nil:
		return errors.New(failureOf(chunk.BifrostError, c.limit).Message)
	case chunk.BifrostChatResponse != nil:
		return c.chat(chunk.BifrostChatResponse)
	case chunk.BifrostResponsesStreamResponse != nil && c.kind == api.MessagesKind:
		return c.messages(chunk.BifrostResponsesStreamResponse)
	case chunk.BifrostResponsesStreamResponse != nil:
		c.items.fill(chunk.BifrostResponsesStreamResponse)
		return c.add(string(chunk.BifrostResponsesStreamResponse.Type), chunk.BifrostResponsesStreamResponse)
	}
	return nil
}

// chat splits the library's last chunk, which joins the end and the usage: clients expect the usage by itself, without a
// choice. The library ends a stream that was cut with such a chunk too, but then nothing says why it finished.
func (c *chunks) chat(r *schemas.BifrostChatResponse) error {
	finishes(r)
	usage := r.Usage
	r.Usage = nil
	for _, choice := range r.Choices {
		c.finish = c.finish || choice.FinishReason != nil && *choice.FinishReason != ""
	}
	if usage == nil {
		return c.add("", r)
	}
	if err := c.add("", r); err != nil {
		return err
	}
	last := *r
	last.Choices, last.Usage = []schemas.BifrostResponseChoice{}, usage
	if usage.TotalTokens == 0 {
		return nil
	}
	return c.add("", &last)
}

func (c *chunks) messages(r *schemas.BifrostResponsesStreamResponse) error {
	for _, e := range anthropic.ToAnthropicResponsesStreamResponse(c.ctx, r) {
		if err := c.add(string(e.Type), e); err != nil {
			return err
		}
	}
	return nil
}

func (c *chunks) add(name string, value any) error {
	data, err := schemas.Marshal(value)
	if err != nil {
		return errors.New("a part of the provider's answer could not be translated")
	}
	c.ready = append(c.ready, api.Event{Name: name, Data: clean(data)})
	return nil
}
