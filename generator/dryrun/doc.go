// Package dryrun builds the requests of a run without sending them: to say what they
// weigh and what an endpoint would refuse, before the run, and to add up what it
// accepted, after the run.
//
// Reading order: dryrun.go builds every request and reads it as an endpoint does;
// weigh.go estimates a run from some of them, excess.go how many are too large;
// sum.go builds the accepted events again.
package dryrun
