// Command rehearse rehearses event-capture traffic before the real thing happens. See
// README.md.
//
// Each verb reads its flags, calls a package and prints what comes of it; what decides
// whether load may leave this machine is package rehearsal. The rules of the terminal:
// results go to stdout, everything else to stderr, and the exit code is the verdict.
//
// The files, in reading order:
//
//	main.go          the program, and its verbs
//	init.go          init: questions and answers → a scenario
//	check.go         check: what a scenario would do
//	run.go           run: flags → a run → its verdict
//	progress.go      how a run is shown while it goes
//	report.go        report and merge: what run directories say
//	verify.go        verify: what arrived against what a run sent
//	capacity.go      capacity: how many events a second an endpoint takes
//	compare.go       compare: two runs against each other
//	sample.go        sample and shape: events without sending them, one by one and counted
//	profile.go       profile: what an export teaches
//	kubernetes.go    kubernetes: shards as an Indexed Job
//	stage.go         stage: the staging endpoint, and what it counted
//	stage_config.go  how it is asked to behave
//	permit.go        permit sign, show and verify
//	permit_new.go    permit new
//	schema.go        schema and version
//	env.go           what the program touches: streams, signals, files
//	exit.go          arguments, exit codes and complaints
package main
