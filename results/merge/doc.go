// Package merge joins the run directories of the shards of one run into a new one and has
// it judged.
//
//	merge.go     the shards of one run, and what is known of the whole
//	inputs.go    which directories are those of its shards, and which shards were lost
//	lost.go      what lost shards may have sent, and how the whole ended
//	ledger.go    ledgers, read side by side and joined
//	abort.go     abort rules held against the whole
//	overlay.go   timelines and histograms, laid over each other by the wall clock
//	totals.go    counts, added up
//	endpoint.go  what embedded endpoints counted, added up
package merge
