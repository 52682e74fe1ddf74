// Package limits decides whether an agent's model call may happen, and keeps the books of what it used.
//
// One call goes through three steps, each one round trip to Redis (or Valkey):
//
//	verdict, err := client.Reserve(ctx, call)           // checks every limit, reserves the most the call can use
//	receipt, err := client.Commit(ctx, reservation, u)  // the call answered: what it used replaces the reservation
//	err := client.Release(ctx, reservation)             // the call failed: everything is given back
//
// # What holds
//
//   - Check and reservation of one budget are one atomic script, so used + reserved never passes the limit of a budget in
//     mode Enforce. What a call uses beyond its own reservation is the only way past it: clamp the request to the
//     reservation.
//   - Every step is idempotent by Call.ID: a repeated Reserve counts once, a repeated Commit or Release changes nothing.
//     A Call.ID is never used for two calls, not even after an error.
//   - A reservation that nobody settles is charged whole once Call.Timeout has passed, and counted as estimated beside used.
//     A Commit that comes after that corrects the charge; it never adds to it.
//   - Amounts are integers: micro-USD, tokens, steps, milliseconds.
//   - Denials and events are data with stable words (Reason, EventKind), errors are types: nobody compares texts.
//
// # Scopes and slots
//
// Everything of one agent (its runs, its rates, the budgets of scope Agent) lies in one hash slot, everything of another
// budget scope (a team, a use case, an end user, a shared name) in a slot of its own. A call that touches several scopes
// reserves in each of them with one pipelined script per slot, and rolls the others back when one refuses. So no budget is
// ever overdrawn; what a rollback costs is that another call may be refused for a moment although it would have fitted
// (Reason BudgetInFlight, with a short RetryAfter). A gateway that dies in the middle leaves reservations that are charged
// as estimated: too much, never too little.
//
// # Time
//
// The store's clock is the only clock. Windows are computed here, with time zones, from the store's time as last seen plus
// what has passed since on the monotonic clock; the script refuses a window that does not hold its own time, and the client
// computes it anew. A gateway whose wall clock jumps changes nothing.
//
// # The store is down
//
// Each step then returns an *ErrStateStore within Options.Timeout, at once while the circuit is open. The caller asks
// Call.WithoutStore whether every limit says Allow; if so, Client.Unreserved gives a reservation that was never made. What
// cannot be written is kept in a bounded queue and settled when the store is back: a late Commit of a reservation by its
// actual use, a call that was let through unreserved as estimated.
package limits
