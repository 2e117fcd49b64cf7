// Package preflight says, before a byte is sent, what a scenario will do to a
// pipeline: the plan, the ids that are too hot, how events spread over
// partitions, which merges may come out of order, and what is to be said about
// it. Some of that is refused: it has the shape of a denial of service.
//
// Synthesized traffic is worked out in closed form from the curve of the load and
// the shares of the ids (hot.go, level.go), where chance decides from a sample of
// its plan (traffic.Census). A recording, and any scenario that is to be exact,
// is counted instead: every request is built, read as an endpoint would, and led
// through a model of the pipeline in its own time (tally.go).
//
// A rule looks at all of that and makes findings; one file holds the rules about
// one thing, each bound beside the rule with the reason for it.
package preflight
