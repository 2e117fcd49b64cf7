// Package rundir writes the directory of a run and reads it, a file a format: how it is
// made so that no two runs share one, what stands in it, and what is known of a run that
// ended without a word.
//
//	directory.go   a run being written down: all files, interval by interval
//	run.go         a run that was written down: Open, and what a killed one may have sent
//	crosscheck.go  the files of a run held against each other
//	result.go      result.json and endpoint.json
//	timeline.go    timeline.csv
//	hlog.go        latency.hlog, read, and windows of it
//	hlog_write.go  latency.hlog, written
//	rejected.go    rejected.jsonl.gz and the segments after it
//	ledger_read.go the ledger, read: damage is found and passed over
//	ledger.go      the ledger, written
//	make.go        Make makes the directory, or fails and leaves nothing of its own
//	lock.go        run.lock: who holds the directory, and how far a run may have got
//	lock_unix.go   flock(2)
//	lock_other.go  systems without
//	file.go        files that are not followed, replaced whole, or grow by whole pieces
//	file_unix.go   how links are not followed
//	file_other.go  systems without
//
// A run directory comes from elsewhere as often as not: unpacked from an archive,
// or written by another user. Nothing in it is followed: not a symbolic link, not
// a named pipe. What it holds may be ids of persons, so that only its owner can
// read what is made here.
//
// # The run directory
//
// scenario.yaml is the scenario as it was given, its secrets redacted.
//
// result.json is the run in numbers; result.schema.json, which Schema returns,
// describes every field. It is replaced as a whole after every interval, with
// "ended": "running" until the run is closed. While it says so, the requests in
// flight count as ambiguous and everything not yet due as unsent, so that the
// books balance at every moment. Of a run that was killed Open counts as ambiguous,
// too, what run.lock says may have left since. Times in it are in milliseconds, to
// the microsecond; started_at is to the nanosecond, because the times of events
// count from it.
//
// run.lock is held by flock(2) for as long as the run lasts, or is resumed, and
// says how far it may have got: no event from number below on has left, and no
// more events and requests than it names. It is written before they leave.
//
//	run         which scenario and seed, when, for how long, against what, how it ended and why
//	planned     what the scenario asked for; requests may grow when a batch is split
//	stages      of the load, with the rates at both ends and what came of each
//	requests    sent = accepted + rejected + ambiguous; planned = sent + unsent; how often one was retried
//	events      the same of events
//	bytes       of the bodies before compression; on the wire: heads and compressed bodies
//	            (may_be_stored of the rejected: the refusal of their request is no certain no to each event)
//	rejections  by reason and status, everything rejected, ambiguous and unsent; side is whose doing it was;
//	            what may be stored has rows of its own
//	latency_ms  count, mean, quantiles and maximum; so do service_ms and lag_ms
//	generator   CPU time and peak memory of the process, what held it back, and the share of
//	            the due requests that left within LateAfter of their time
//	thresholds  each as written, what it came to, and whether it was met; or a doubt, where the
//	            generator's own faults may have decided it
//	verdict     pass, fail or invalid, as judge says in verdict.go
//	failures    what makes a fail of the run whatever its thresholds are
//	warnings    doubts; the first one of an invalid run says why it is invalid
//
// latency.hlog has every interval's histograms in the HdrHistogram interval log
// format 1.3 (V2 compressed), readable by the standard tools. Values are in
// microseconds; tell tools that assume nanoseconds a value ratio of 1000. The
// tags are latency, service, lag, latency.<reason> for each reason that occurred,
// latency.accepted among them, partly for the latencies of requests of which only some
// events were accepted, and connect and tls. An interval in which the generator
// stood still has lines tagged at_best.latency and so on before them: the same as it
// would have been at best without that. Intervals are stamped in seconds from
// the start of the run, which the BaseTime comment gives. So that the log of a
// long run stays small, its intervals widen: a second in the first ten minutes,
// then a 600th of what went before. A run that is killed loses the last one.
//
// timeline.csv has a row an interval. Times of the run are in seconds, durations
// in milliseconds; the counts are of requests and events that came to their end
// in the interval.
//
//	from_s to_s               the interval
//	target_events_per_s       the rate asked for
//	in_flight_requests        sent and unanswered at its end; also _events
//	accepted_requests         and _events; so for rejected, ambiguous and unsent
//	late_build_requests       left late because they were not built in time
//	late_pace_requests        left late though built and with a connection free
//	late_connection_requests  left late because every connection was waiting
//	body_bytes wire_bytes     of what was sent
//	latency_p50_ms            and p99, max; service_p50_ms and p99; lag_p99_ms and max; empty where nothing was timed
//	too_long                  durations over an hour, which are in no histogram
//	rejections_left_out       refused requests that never had details
//	latency_p90_ms
//	retried_requests          were refused in the interval and are sent again
//	late_held_requests        left late because a permit's cap, or a pause that the endpoint asked for, kept them back
//	late_stall_requests       left late because the generator itself stood still
//	stalled_ms                how long it did, in stalls that ended in the interval
//	expected_refused_events   not accepted, as was expected of them
//
// rejected.jsonl.gz has a line for every rejected or ambiguous request, and one
// gzip member an interval, after an empty one that makes it a gzip file from the
// beginning:
//
//	due_ms sent_ms done_ms    from the start of the run
//	status reason side        as in result.json
//	ambiguous                 true if it may have been ingested
//	may_be_stored             true if it was refused, but some of its events may be stored
//	first_event events        its events, by index: first_event and so many after it
//	answer                    the beginning of what the endpoint said, or why there was no
//	                          connection to it; made safe to print
//
// Of an interval with more than ten thousand of them the rest is one line,
// {"left_out": n, "to_ms": end of the interval}, and a warning in the result.
//
// At 8 MiB the file is full, and rejected-0002.jsonl.gz follows, and so on. The
// first four are kept, for how it began, and the last four, for how things stand:
// 64 MiB in all. A file that is removed is counted by the same line in the one
// that took its place, so that the details and the left_out of what is there
// always add up to everything. The ledger has all events, whatever was left out
// here.
//
// Where the endpoint answers event by event, result.json has its word in said;
// where requests were sent again, retries has the amplification, when the last
// event was in, and the answers that were met on the way. connections counts those
// that were opened, or could not be, and connect_ms and tls_ms what that
// took.
//
// A replay may leave quarantine.jsonl.gz, the lines that could not be sent, or
// where data is pseudonymized only their places, with the reason, and a resumed
// one resumed.json, which names the run before and what was ambiguous. A run
// under a permit keeps it, as permit.yaml and permit.yaml.sig.
//
// Two files are there only where they apply: check.json, what the preflight said
// of the scenario, and endpoint.json, what the embedded endpoint had counted at
// the end, as its /_rehearse/stats gives it; both have a JSON Schema, which
// "rehearse schema check" and "rehearse schema stage" print. A shard that has one had an endpoint
// of its own, so Merge adds them up, and says in joined how many; pipeline then
// has only over_quota, for of the rest each endpoint saw a part. Shards with one
// target.url have none, and the endpoint there has the counts of all.
//
// background is the run directory of the stream that a scenario sends beside its own: the
// same files, but for endpoint.json and the permit, which are there once, for both. result.json
// of the run says in background what that came to, and counts its verdict: a background
// that fails makes the run fail, one that is invalid makes it invalid. endpoint_checksum is
// over the events of both.
//
// ledger says of every event whether it was accepted, rejected (and whether it may be
// stored all the same), ambiguous or unsent; ReadLedger reads it, and ledger.go describes its bytes. Each of its
// segments has a checksum and a number, and result.json counts them: what does not
// agree is damage, and what stood there is not known.
//
// The last four files only ever grow, by whole intervals. A run that is killed
// leaves at most one torn interval at their ends, which Open passes over. If one
// of them cannot be written, for want of space say, the run goes on and nothing
// more is appended; the verdict is invalid with that cause, and result.json is
// written into space that was reserved for it.
//
// Nothing in a run directory is followed, neither a link nor a pipe, and only its
// owner can read what is made in it: it may hold ids of persons.
package rundir
