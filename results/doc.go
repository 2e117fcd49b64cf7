// Package results has what all readers of a run share. Senders hand an Outcome to their
// Shard of the Recorder, and a Tick once a second turns what came together into an
// Interval. Package rundir writes the intervals down and reads them again, package judge
// says what they are worth, package merge joins the inputs of a run, and package report
// has every sentence and picture of it.
//
//	recorder := results.NewRecorder(connections)
//	directory, err := rundir.Create(path, manifest)
//	// each sender:       recorder.Sender(i).Record(&outcome)
//	// once a second:     directory.Write(recorder.Tick(now, inFlight))
//	result, err := directory.Close(results.Final{Ended: results.Completed})
//	// now or years later: run, err := rundir.Open(path); report.WriteText(os.Stdout, run, text.Columns)
//
// The files, each of which needs those below it:
//
//	recorder.go   many senders, one tick a second
//	interval.go   what came to an end between two ticks, and a row of timeline.csv
//	record.go     how an outcome is counted
//	tally.go      what a stretch of a run adds up to
//	outcome.go    what became of a request, and when the generator stood still
//	manifest.go   what is known of a run before it starts, and when it is over
//	result.go     result.json: the run, its verdict, its stages
//	totals.go     result.json: counts, refusals and times
//	generator.go  result.json: how the generator fared
//	histogram.go  durations in buckets of a thousandth
//	ranges.go     stretches of events
//
// # Time
//
// Every request has three instants: due, when it should have left; sent, when it
// was handed to the network; done, when its answer was read. Latency is done −
// due, service is done − sent, lag is sent − due. All requests that were sent are
// in the three histograms, refused and timed-out ones too; the histograms by
// reason keep them apart. Requests that were never sent are in none. A threshold on
// latency or service asks for that of accepted requests; others count where they took
// longer.
//
// A request that finds no connection open has to wait until one is. That time is
// in its latency and its service, and not in its lag: the customer waits for it,
// and it is the endpoint's or the network's, not the generator's. connect and tls
// have it once more, a duration for each connection that was opened.
package results
