// Package scenario reads scenario files and answers everything that can be known
// before a byte is sent.
//
// # The words
//
// One word an idea, in code, flags, files and reports:
//
//	event                one analytics event; rates count events, never requests
//	batch                the events of one request
//	profile, stage       the offered load over time; a stretch of it, linear from one rate to another
//	due                  when an event or batch should leave, as an offset from the start of the run
//	sent, done           when its first byte was handed to the network; when its answer was fully read
//	latency              done − due: what a customer would have felt
//	service              done − sent: what the server took
//	lag                  sent − due: what we did wrong
//	accepted, rejected   the endpoint took it; it did not, with a reason and a side
//	ambiguous            the connection broke after sending: it may have been ingested
//	unsent               never left; counted, never silent
//	threshold, verdict   what the scenario demands; pass, fail or invalid
//	hot id               a distinct_id with a share of the events so large that it matters
//	person, merge        an identified user; an event that joins an anonymous id to one
//
// # The file
//
// A scenario is a YAML file. This one ramps up to 5,000 events a second, holds
// that for half an hour and ramps down, in batches of 100, with one distinct_id
// in twenty events and a few merges:
//
//	name: acme-import
//	about: Acme moves 400 M events from its old tool; can we take 5,000 a second?
//	contact: data@acme.example
//
//	target:
//	  url: ""                      # the embedded staging endpoint
//	  token: ${CAPTURE_TOKEN:-phc_rehearsal}
//	  historical_migration: true
//
//	load:
//	  profile: line(0, 5000, 10m) const(5000, 30m) line(5000, 0, 1m)
//	  arrivals: poisson
//
//	batching:
//	  events: 100
//
//	traffic:
//	  seed: 42
//	  distinct_ids: {count: 1M, skew: 1.1, hot: [{share: 5%}]}
//	  events: {$pageview: 70, purchase: 10, $identify: 3, $create_alias: 0.5}
//	  properties: {bytes: {p50: 400, p99: 4000}}
//	  timestamps: {from: 2025-01-01, to: 2025-06-30}
//
//	thresholds: [p99 < 500ms, p99 < 300ms in stage 2, rejected(429) < 1% every 30s, late < 0.1%]
//	abort: ['http(5xx, 10%, 30s)', 'latency(p99, 5s, 30s)']
//
// Its fields and their defaults are described in the JSON Schema that [Schema]
// returns. Quantities are text with a unit, such as 300k/min, 5MB and 1m30s; the load
// has a small language of its own ([schedule.Parse]), and so have thresholds
// ([ParseThreshold]) and the rules that end a run ([ParseAbort]).
//
// A value may refer to the environment as ${NAME} or ${NAME:-default}; only ${
// begins a reference, so that $pageview is what it says.
//
// # Reading it
//
// [Load] is strict: a field that it does not know is a mistake, and so is a field
// that would have no effect. It tells all mistakes at once ([strict.Errors]), each with
// its place in the file, what is wrong and what to do about it. What it returns is plain
// data and does not change. [Scenario.Resolved] writes it with everything that it was
// read from, so that a run can be made again.
//
// # What is known before a run
//
// Package [schedule] says when event i is due. Everything random about event i depends
// on the seed and i alone, so that the same events come out on one core or sixteen, in
// any order, on any machine.
//
// # The files of this package
//
// To read it: scenario.go (loading, and what a scenario is), background.go (the second
// stream of one), checks.go (what sections mean together, and shapes that no events could
// have), resolved.go (a scenario as a run used it), fingerprint.go (what a permit binds);
// then the sections: intake.go,
// abort.go, threshold.go, staging.go, offered.go (load and batches), traffic.go,
// population.go, events.go and property.go (synthesized events), replay.go, files.go and
// mapping.go (recorded ones), target.go and client.go (client libraries to imitate,
// retries).
package scenario
