package upstream

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"agentops.dev/dataplane/gateway/api"
)

// maxLine bounds one event of a stream, and each of its lines: the last event of a response repeats the whole answer.
const maxLine = 16 << 20

var errTooLong = errors.New("an event of the stream is too long")

func isEventStream(h http.Header) bool {
	return strings.HasPrefix(h.Get("Content-Type"), "text/event-stream")
}

// withUsage asks for the usage in a stream, beside what the client asked for.
func withUsage(options string) string {
	out := `{"include_usage":true`
	if asked := gjson.Parse(options); asked.IsObject() {
		asked.ForEach(func(key, value gjson.Result) bool {
			// Its own word for it would be the last one, and count.
			if key.Str != "include_usage" {
				out += "," + key.Raw + ":" + value.Raw
			}
			return true
		})
	}
	return out + "}"
}

// events reads server-sent events.
type events struct {
	in      io.ReadCloser
	lines   *bufio.Reader
	limit   *clock
	idle    time.Duration
	started bool
}

func newEvents(in io.ReadCloser, limit *clock, idle time.Duration) *events {
	return &events{in: in, lines: bufio.NewReaderSize(in, 16<<10), limit: limit, idle: idle}
}

// Started implements Events.
func (e *events) Started() {
	e.started = true
	e.limit.timer.Reset(e.idle)
}

// More implements Events.
func (e *events) More() bool { return e.lines.Buffered() > 0 }

// Close implements Events.
func (e *events) Close() {
	e.limit.stop()
	e.in.Close()
}

// Next implements Events.
func (e *events) Next() (api.Event, error) {
	var out api.Event
	for {
		line, err := e.line()
		if err != nil {
			if e.limit.over.Load() {
				return api.Event{}, errIdle
			}
			return api.Event{}, err
		}
		switch {
		case len(line) == 0:
			if out.Data != nil {
				if e.started {
					e.limit.timer.Reset(e.idle)
				}
				return out, nil
			}
			out = api.Event{}
		case bytes.HasPrefix(line, []byte("data:")):
			data := bytes.TrimPrefix(line[len("data:"):], []byte(" "))
			if out.Data != nil {
				out.Data = append(out.Data, '\n')
			}
			if out.Data = append(out.Data, data...); len(out.Data) > maxLine {
				return api.Event{}, errTooLong
			}
		case bytes.HasPrefix(line, []byte("event:")):
			out.Name = string(bytes.TrimSpace(line[len("event:"):]))
		}
	}
}

// line returns the next line without its end.
func (e *events) line() ([]byte, error) {
	line, err := e.lines.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return e.longLine(bytes.Clone(line))
	}
	if err != nil {
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

func (e *events) longLine(line []byte) ([]byte, error) {
	for {
		part, err := e.lines.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxLine:
			return nil, errTooLong
		case err == nil:
			return bytes.TrimRight(line, "\r\n"), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

// Silent says that a stream ended because nothing came any more.
func Silent(err error) bool { return errors.Is(err, errIdle) }
