// Package report has every sentence and every picture of a run: text for the terminal, one
// HTML file that needs nothing else, Markdown, JUnit and annotations, and the live view.
//
// The HTML needs no network, no fonts, no library. It is read on a phone, on a desk and on
// paper, by light and in the dark. Charts are inline SVG, downsampled to a
// hundred or so columns, so that the report of a day is no larger than that of
// an hour; each column keeps the extremes of what it sums up.
//
//	text.go      the text of a run: what was run, the schedule, throughput, times
//	tables.go    the text of what became of everything, thresholds and warnings
//	markdown.go  Markdown
//	ci.go        JUnit and annotations of GitHub
//	rejected.go  refused requests in groups, and events that were not accepted
//	live.go      a run as it goes
//	report.go    the HTML page
//	capacity.go  stages, and how high a rate the endpoint took
//	endpoint.go  hot ids, partitions and what arrived
//	beside.go    files that only some runs have, and the command that runs it again
//	previous.go  how a run compares with the one before it
//	breakdown.go events by name and by token
//	spectrum.go  charts of all durations, of one run or two
//	times.go     charts of durations over time
//	counts.go    charts of what was counted over time
//	series.go    a run over time in few columns
//	chart.go     what a chart is made of
package report
