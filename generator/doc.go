// Package generator delivers the events of a scenario when they are due and
// writes down what came back.
//
// One run is a production line:
//
//		source ─Next→ feeder ─→ builders ─Build→ queue ─→ senders ─Outcome→ recorder
//
//	  - The source (synthesized or replayed) decides in order what each batch
//	    holds and when it is due: cheap, one goroutine.
//	  - Builders encode and compress the bodies ahead of their due times, on all
//	    cores. A batch is queued before it is built, so order never depends on who
//	    is done first.
//	  - Senders own a connection each. Those of one queue pass a baton: its holder
//	    takes the next batch, waits for its due time, hands the baton on and sends.
//	    Nothing stands between waking up and sending.
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
package generator
