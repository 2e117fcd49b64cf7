// Package capacity finds out how many events a second an endpoint takes, as an interval
// that holds the truth in 19 of 20 searches.
//
// An endpoint takes a rate if a trial at that rate meets the thresholds of the scenario,
// and would go on to: a queue that fills so fast that a threshold would not be met in
// ten minutes has broken it already. A bisection, with one trial a step, ends where the
// first trial that came out by chance leads it. [Search] keeps a probability for each
// capacity instead, and takes in how far each trial was from its bounds and how much an
// overloaded endpoint went on accepting. It brackets, narrows, confirms below and above the
// interval, and names what it met on the way: [End].
//
// A Search sends nothing and keeps no clock. The command runs its trials as runs of the
// scenario; the tests run them against endpoints in virtual time, over many seeds.
//
// The files, in reading order:
//
//	search.go       Search: which trial comes next, from the bracket to the interval
//	confirm.go      the trials that confirm it, and the recovery between trials
//	observation.go  what came of a trial: margins, and how exactly they are known
//	growth.go       latency that climbs, and what an overloaded endpoint takes
//	posterior.go    what is known of the capacity, on a grid
//	likelihood.go   how likely a trial is where the capacity is known
//	marginal.go     what the grid says of the capacity alone, of its drift, of the next trial
//	answer.go       what a search came to
//	curve.go        latency against load, and the knee
//	scalability.go  the universal scalability law, and how well it fits
//	document.go     capacity.json, and text.go, picture.go, page.go what people read of it
//	facts.go        the capacity as a pipeline's facts
//	costs.go        what kinds of events cost, from a search for each
package capacity
