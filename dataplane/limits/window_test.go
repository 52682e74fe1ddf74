package limits

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// age makes what a rolling window holds older by so many buckets.
func age(t *testing.T, s *server, key string, buckets int64) {
	t.Helper()
	db := redis.NewClient(&redis.Options{Addr: s.socket()})
	defer db.Close()
	ctx := context.Background()
	all, err := db.HGetAll(ctx, key).Result()
	if err != nil || len(all) == 0 {
		t.Fatalf("%s: %v %v", key, all, err)
	}
	for field, value := range all {
		switch field[0] {
		case 'b', 'x':
			var n int64
			fmt.Sscan(field[1:], &n)
			db.HDel(ctx, key, field)
			db.HSet(ctx, key, fmt.Sprintf("%c%d", field[0], n-buckets), value)
		case 'l', 'h':
			db.HIncrBy(ctx, key, field, -buckets)
		}
	}
}

func in(t *testing.T, zone string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// Calendar windows of days with clock changes, gaps over midnight and lost days are what people's calendars say.
func TestCalendarWindowsFollowTheLocalCalendar(t *testing.T) {
	for name, c := range map[string]struct {
		kind       WindowKind
		zone, at   string
		id         string
		from, till string
	}{
		"a day of 25 hours":                {Day, "Europe/Berlin", "2026-10-25T12:00:00Z", "D2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
		"a day of 23 hours":                {Day, "Europe/Berlin", "2026-03-29T00:30:00Z", "D2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
		"a day that begins at one":         {Day, "America/Sao_Paulo", "2018-11-04T12:00:00Z", "D2018-11-04", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"},
		"midnight twice, the first counts": {Day, "America/Havana", "2026-11-01T12:00:00Z", "D2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"},
		"the day before a lost day":        {Day, "Pacific/Apia", "2011-12-30T09:59:59Z", "D2011-12-29", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"},
		"the day after a lost day":         {Day, "Pacific/Apia", "2011-12-30T10:00:00Z", "D2011-12-31", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"},
		"a month in UTC":                   {Month, "", "2026-02-28T23:59:59Z", "M2026-02", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"},
		"a month with a clock change":      {Month, "Europe/Berlin", "2026-03-31T21:59:59Z", "M2026-03", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"},
		"December":                         {Month, "Asia/Tokyo", "2026-12-31T14:59:59Z", "M2026-12", "2026-11-30T15:00:00Z", "2026-12-31T15:00:00Z"},
		"a week over the new year":         {Week, "UTC", "2027-01-01T12:00:00Z", "W2026-W53", "2026-12-28T00:00:00Z", "2027-01-04T00:00:00Z"},
		"the first hour of two":            {Hour, "Europe/Berlin", "2026-10-25T00:30:00Z", "H2026-10-25T0200+0200", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"},
		"the second hour of two":           {Hour, "Europe/Berlin", "2026-10-25T01:30:00Z", "H2026-10-25T0200+0100", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"},
		"an hour east of the half hour":    {Hour, "Asia/Kolkata", "2026-11-25T10:45:00Z", "H2026-11-25T1600+0530", "2026-11-25T10:30:00Z", "2026-11-25T11:30:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			at, _ := time.Parse(time.RFC3339, c.at)
			from, _ := time.Parse(time.RFC3339, c.from)
			till, _ := time.Parse(time.RFC3339, c.till)
			got := Window{Kind: c.kind, TimeZone: c.zone}.spanAt(at.UnixMilli(), in(t, c.zone))
			if got != (span{c.id, from.UnixMilli(), till.UnixMilli()}) {
				t.Fatalf("%s from %v till %v", got.id, time.UnixMilli(got.from).UTC(), time.UnixMilli(got.till).UTC())
			}
		})
	}
}

// Windows of one kind have no gap and no overlap and different names, in zones with every oddity, over years.
func TestWindowsHaveNoGapAndNoOverlap(t *testing.T) {
	for _, zone := range []string{"UTC", "Europe/Berlin", "America/Sao_Paulo", "America/Havana", "America/St_Johns", "Pacific/Apia", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo", "Asia/Beirut"} {
		for _, kind := range []WindowKind{Hour, Day, Week, Month} {
			w, z := Window{Kind: kind}, in(t, zone)
			at := time.Date(2010, 11, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
			end := time.Date(2012, 2, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
			names := map[string]bool{}
			for at < end {
				s := w.spanAt(at, z)
				if !s.holds(at) || names[s.id] {
					t.Fatalf("%s %s: %v is not in %+v, or its name came before", kind, zone, time.UnixMilli(at).UTC(), s)
				}
				if inside := w.spanAt((s.from+s.till)/2, z); inside != s {
					t.Fatalf("%s %s: %+v and %+v overlap", kind, zone, s, inside)
				}
				if last := w.spanAt(s.till-1, z); last != s {
					t.Fatalf("%s %s: %+v and %+v overlap", kind, zone, s, last)
				}
				if len(names) > 0 && s.from != at {
					t.Fatalf("%s %s: a gap before %+v", kind, zone, s)
				}
				names[s.id] = true
				at = s.till
			}
		}
	}
}

// A gateway whose clock is months off charges the right window: the store's clock decides.
func TestGatewayClockThatJumpsChangesNothing(t *testing.T) {
	s := startServer(t)
	b := ofTeam("shop", tokens(1000))
	good := steps{t, s.client(t)}
	for i, off := range []time.Duration{0, 40 * 24 * time.Hour, -400 * 24 * time.Hour, time.Hour * 3} {
		skewed, err := newClient(Options{URL: s.url(), Timeout: 5 * time.Second}, time.Now().Add(off))
		if err != nil {
			t.Fatal(err)
		}
		c := steps{t, skewed}
		c.commit(c.granted(newCall("shop/a", "", nil, b)), usage(50, 0, 0))
		good.stands(b, int64(i+1)*50, 0, 0)
		skewed.store.clock.saw(time.Now().Add(-off).UnixMilli())
		c.release(c.granted(newCall("shop/a", "", nil, b)))
		skewed.Close()
	}
	good.stands(b, 200, 0, 0)
}

// A call is charged to the window that it was reserved in, and a new window starts at zero and reports its rungs again.
func TestWindowThatEndsStartsAtZero(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	b := ofTeam("shop", tokens(200, Rung{Action: Alert, Percent: 50}))
	compiled, err := b.Budget.compile()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.c.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	now := c.c.store.clock.now()
	end := now + time.Hour.Milliseconds()
	compiled.present.Store(b.Budget.within(compiled, span{"D-old", now - 1000, end}))
	old := c.granted(newCall("shop/a", "", nil, b))
	c.denied(newCall("shop/a", "", nil, b), BudgetInFlight)
	if next := b.Budget.span(compiled, end); next.id == "D-old" {
		t.Fatalf("at its end it is still %+v", next.span)
	}
	fresh := c.granted(newCall("shop/a", "", nil, b))
	if receipt := c.commit(old, usage(150, 0, 0)); receipt.Budgets[0].WindowID != "D-old" || len(receipt.Events) != 1 {
		t.Fatalf("%+v", receipt)
	}
	c.stands(b, 0, 0, 150)
	if receipt := c.commit(fresh, usage(150, 0, 0)); len(receipt.Events) != 1 {
		t.Fatalf("%+v", receipt)
	}
}

// What has left a rolling window no longer counts, its estimates neither, and its rungs can be reached again.
func TestRollingWindowForgets(t *testing.T) {
	s := startServer(t)
	c := steps{t, s.client(t)}
	budget := &Budget{ID: "shop/rolling", Unit: TotalTokens, Limit: 200, Window: Window{Kind: Rolling, Length: time.Hour}, Ladder: []Rung{{Action: Alert, Percent: 50}}}
	b := ofTeam("shop", budget)
	root, _ := b.Scope.root()
	for range 3 {
		receipt := c.commit(c.granted(newCall("shop/a", "", nil, b)), Usage{Amounts{InputTokens: 150}, true})
		if len(receipt.Events) != 1 {
			t.Fatalf("%+v", receipt.Events)
		}
		v := c.denied(newCall("shop/a", "", nil, b), BudgetExhausted)
		if v.Denial.RetryAfter < 50*time.Minute || v.Denial.RetryAfter > time.Hour {
			t.Fatalf("%v", v.Denial.RetryAfter)
		}
		c.stands(b, 150, 150, 0)
		age(t, s, root+":b:shop/rolling:rolling", 59)
		c.stands(b, 150, 150, 0)
		age(t, s, root+":b:shop/rolling:rolling", 1)
		c.stands(b, 0, 0, 0)
	}
	late := c.granted(newCall("shop/a", "", nil, b))
	age(t, s, root+":b:shop/rolling:rolling", -30)
	c.commit(late, usage(10, 0, 0))
	c.stands(b, 10, 0, 0)
}
