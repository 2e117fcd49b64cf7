// Package rehearsal is one run of a scenario from end to end, and the only door of
// the program to a network: what may leave this machine, and where to, is decided
// here.
//
// [Run] reads the scenario, opens the source of its events, finds out what the permit
// allows, starts the embedded endpoint if there is no other target, resolves where the
// requests go and asks the guard whether they may; then it has package generator send
// them, and returns what the run directory says of it. Without a permit that is
// signed, that names the host and that binds the scenario, no byte leaves this
// machine: every connection is asked for when it is opened, whatever name, proxy or
// address led to it.
//
// The files, in reading order:
//
//	rehearsal.go      Run: the steps of a run, its directory, its end
//	search.go         trial after trial: the search for the capacity
//	trial.go          a run of the scenario's traffic at a constant rate
//	stream.go         what one generator sends, and its directory
//	background.go     a second stream beside it
//	watchers.go       who is told of each second of a stream, and how it ended
//	live.go           the live page
//	shard.go          which part of a run, and when it starts
//	source.go         the scenario and the source of its events
//	endpoint.go       the embedded endpoint, and what it counted
//	resume.go         the runs that a run resumes
//	verification.go   what a run sent, to be held against what arrived
//	past.go           a run directory from which the run's events can be made again
//	authorization.go  what a permit allows a run
//	forecast.go       what a scenario will send, before it does
//	destination.go    where requests and metrics go: addresses, certificates, proxies
//	guard.go          which addresses connections may go to
//	options.go        what a run is asked for, and who is told of it
//	mistake.go        the kinds of errors
package rehearsal
