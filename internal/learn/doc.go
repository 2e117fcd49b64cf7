// Package learn learns from a recording what a scenario needs to synthesize
// traffic like it: how the rate moves, how unevenly events fall on distinct_ids,
// which events there are and how large, how many merge persons, and how dirty it
// all is. One pass, bounded memory, and nothing in the result that tells of a
// person: distinct_ids occur as ranks.
//
//	Observer: events → counts → Profile → scenario, JSON, text, drawing
//
// In reading order: read (a recording to its end), observer (what is counted of an event);
// the counts: segments, clock and folding (by time), ids and hot (by distinct_id), joins;
// profile (what they tell), series (rates and bursts), delay, ranks and zipf (laws of ids);
// synthesis (what a scenario makes of it), top (from a query's counts), then scenario, text
// and svg, which write it.
package learn
