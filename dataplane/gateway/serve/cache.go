package serve

import (
	"container/list"
	"crypto/sha256"
	"sync"
	"time"
)

// cache keeps answers to equal questions, the oldest go first. It belongs to one process: replicas fill their own.
type cache struct {
	most int

	mu    sync.Mutex
	size  int
	order *list.List
	items map[string]*list.Element
}

// kept is an answer as the client got it.
type kept struct {
	data            []byte
	target, verdict string
}

type cached struct {
	kept
	key   string
	until time.Time
}

func newCache(most int) *cache {
	return &cache{most: most, order: list.New(), items: map[string]*list.Element{}}
}

// keyOf is of one agent: nobody gets an answer that another agent asked for.
func keyOf(agent, plan, alias, kind string, data []byte) string {
	h := sha256.New()
	h.Write([]byte(agent + "\x00" + plan + "\x00" + alias + "\x00" + kind + "\x00"))
	h.Write(data)
	return string(h.Sum(nil))
}

func (c *cache) get(key string, now time.Time) (kept, bool) {
	if key == "" {
		return kept{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.items[key]
	if !ok {
		return kept{}, false
	}
	item := e.Value.(*cached)
	if now.After(item.until) {
		c.drop(e)
		return kept{}, false
	}
	c.order.MoveToFront(e)
	return item.kept, true
}

func (c *cache) put(key string, k kept, now time.Time, seconds int64) {
	if len(k.data) > c.most/16 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.items[key]; ok {
		c.drop(e)
	}
	c.items[key] = c.order.PushFront(&cached{k, key, now.Add(time.Duration(seconds) * time.Second)})
	c.size += len(k.data) + len(key)
	for c.size > c.most {
		c.drop(c.order.Back())
	}
}

func (c *cache) drop(e *list.Element) {
	item := c.order.Remove(e).(*cached)
	delete(c.items, item.key)
	c.size -= len(item.data) + len(item.key)
}
