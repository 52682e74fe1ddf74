package door

import (
	"context"
	"math/rand/v2"
	"net"
	"time"
)

// connectionAge is how long a client stays with one replica. A Service spreads connections, not calls: without an end to them
// a replica that an autoscaler adds would have nothing to do.
const connectionAge = 5 * time.Minute

type endOfConnection struct{}

// Connected notes when a connection is to end. They end a little apart, or all clients would come back at once.
func (d *Door) Connected(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, endOfConnection{}, d.clock().Add(connectionAge-rand.N(connectionAge/5)))
}

func (d *Door) aged(ctx context.Context) bool {
	end, known := ctx.Value(endOfConnection{}).(time.Time)
	return known && d.clock().After(end)
}

func (d *Door) clock() time.Time {
	if d.Clock != nil {
		return d.Clock()
	}
	return time.Now()
}
