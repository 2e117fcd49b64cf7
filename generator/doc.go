// Package generator sends the events of a scenario when they are due and writes down
// what came back. Run is one run.
//
// One run is a production line:
//
//		source ─Next→ dispatcher ─→ builders ─Build→ queue ─→ senders ─Outcome→ recorder
//
//	  - The source (synthesized or replayed) decides in order what each batch
//	    holds and when it is due: cheap, one goroutine.
//	  - Builders encode and compress the bodies ahead of their due times, on all
//	    cores. A batch is queued before it is built, so order never depends on who
//	    is done first.
//	  - Senders own a connection each. Those of one queue pass a pacing token: its
//	    holder takes the next batch, waits for its due time, hands the token on and
//	    sends. Nothing stands between waking up and sending. Requests over plain
//	    connections are written by a thread that paces, while their senders wait for
//	    the answers already.
//	  - Each sender records outcomes into its own shard; once a second the shards
//	    are gathered into an interval.
//
// Batches come from a free list and return to it, which bounds memory and is
// the only thing that travels backwards. Each stage closes the channel that it
// feeds; one context says until when a request may start, another by when it
// must be finished.
//
// When several queues exist (a replay that keeps the order of each
// distinct_id), each has one sender, so that no batch of a queue overtakes
// another.
//
// # What can be reached
//
// A run connects through the DialFunc of its destination and in no other way, and
// without one it is refused. transport.Loopback connects to this machine alone; load for
// other hosts goes through package rehearsal, which wants a permit and pins its hosts.
//
// Reading order: config.go is what a run needs and how it ends; run.go wires it up;
// dispatcher.go deals out and builds batches; sender.go sends them; attempts.go sees to
// what an attempt came to, outcome.go adds the attempts up, and retry.go holds what is
// to be sent again. limiter.go keeps a run below its limit. lateness.go says why a batch
// is late; pacing.go writes at due times, with pacing_linux.go and pacing_other.go;
// stall.go sees when the generator itself stood still, with probe_linux.go and
// probe_other.go; reach.go writes down how far a run may get. pacer.go is the clock,
// with sleep_linux.go and sleep_other.go.
package generator
