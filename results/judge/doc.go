// Package judge follows a run, interval by interval, and says what it is worth. It says so
// in the words of result.json, which stand in its two text files; package report has all
// others.
//
//	judge.go           Judge: a run from its first interval to its Result
//	verdict.go         what makes a run invalid, a fail or a pass
//	stages.go          what came of each stage of the load
//	evaluation.go      a threshold on its way through a run, its stages and windows
//	threshold.go       a threshold held against a run or a part of it
//	abort.go           the rules that end a run
//	text.go            the sentences of verdicts, thresholds and stages
//	health.go          how the machine treated the generator, second by second
//	text_machine.go    the sentences about that
//	health_linux.go    what Linux tells of it: /proc and cgroups
//	health_other.go    systems that tell nothing
//	process_unix.go    getrusage(2)
//	process_other.go   systems without
package judge
