// Package merge joins the run directories of all inputs of one run into a new one and has
// it judged.
//
//	merge.go     which directories are the inputs of one run, and what is known of the whole
//	overlay.go   their timelines and histograms, laid over each other by the wall clock
//	totals.go    their counts, added up
//	endpoint.go  what their embedded endpoints counted, added up
package merge
