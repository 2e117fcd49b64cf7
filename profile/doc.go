// Package profile learns from a recording what a scenario needs to synthesize
// traffic like it: how the rate moves, how unevenly events fall on distinct_ids,
// which events there are and how large, how many merge persons, and how dirty it
// all is. One pass, bounded memory, and nothing in the result that tells of a
// person: distinct_ids occur as ranks.
//
//	Observer: events → counts → Profile → scenario, JSON, text, drawing
package profile
