// Package preflight says, before a byte is sent, what a scenario will do to a
// pipeline: the plan, the ids that are too hot, how events spread over
// partitions, which merges may come out of order, and what is to be said about
// it. Some of that is refused: it has the shape of a denial of service.
//
// Synthesized traffic is worked out in closed form from the curve of the load and
// the shares of the ids, where chance decides from a sample of
// its plan (traffic.Census). A recording, and any scenario that is to be exact,
// is counted instead: every request is built, read as an endpoint would, and led
// through a model of the pipeline in its own time.
//
// A rule looks at all of that and makes findings; one file holds the rules about
// one thing, each bound beside the rule with the reason for it.
//
// Reading order:
//
//	check.go      a check from the scenario and its facts to the report
//	load.go       findings about the load: ramps, pauses, what it was learned from
//	requests.go   about requests and their bodies
//	capacity.go   about the pipeline's capacity, and what events cost it
//	order.go      about what loses its order, merges and persons
//	history.go    about times of the past and of the future, and when a person is there
//	forced.go     about overflow by rule and the buckets of replicas
//	rules.go      about other rules of the deployment and what is left of a quota
//	foretell.go   what synthesized traffic comes to, and how sure that is
//	hot.go        the busiest ids, and how events spread over partitions
//	level.go      an id's overflow in closed form
//	tally.go      what counted traffic comes to
//	tracked.go    the ids of counted traffic, in bounded memory; projects, and what they use of a quota
//	disorder.go   requests that overtake each other, partitions that lag, ids and stages that are late
//	markdown.go   the report for a ticket
//	curve.go      the load drawn, in characters and as SVG
//	text.go       the report for a terminal
//	facts.go      what is known of a pipeline, and where each assumption is from
//	report.go     the report: plan, ids, merges, partitions, findings
package preflight
