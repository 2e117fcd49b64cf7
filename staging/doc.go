// Package staging is a capture endpoint to rehearse against: the default target
// of a run, a server of its own, and a double in the tests of clients. [Start] serves
// it on a port of this machine, [New] and [Server.Serve] on any net.Listener.
//
// It reads what it gets by the rules of capture's v0 routes, of today or of 2024,
// and of v1, answers with their statuses and texts, and stores nothing. It counts, so
// that what arrived can be held against what was sent: requests by route and status,
// events accepted, refused and filtered, and a checksum of the accepted events that
// does not depend on their order. [Server.Stats] and GET /_rehearse/stats tell.
//
//	/batch  /e  /i/v0/e  /capture  /track  /engage   GET POST OPTIONS, with or without a trailing slash
//	/i/v1/analytics/events                           POST: a verdict for each event
//	/  /_readiness  /_liveness                       GET: the text "capture"
//	/metrics                                         GET: the counts for Prometheus
//	/_rehearse/stats                                 GET: Stats as JSON
//
// It can be told to misbehave, by [Config]: to stall, to be slow, to serve only
// so many requests at once, to reject and to reset connections. Which request is
// rejected or reset depends on its number alone, so that two runs meet the same
// faults.
//
// A request meets the faults in this order: its body is read; it waits for a
// free place (Concurrency), for the end of a stall (Stall) and as long as the
// service takes (Delay); it is decoded and counted; if a stall has begun
// meanwhile it waits for its end; it is answered.
//
// The files, in reading order:
//
//	server.go   the server, and its connections
//	handle.go   a request's way: read, faults, decode, count, answer
//	request.go  which route it is, and its body
//	answer.go   what it is answered
//	ingest.go   what becomes of its events behind the endpoint
//	stats.go    what has been counted, as others read it
//	counts.go   how it is counted
//	faults.go   what goes wrong with a request
//	config.go   how the endpoint is asked to behave
//	script.go   what else goes wrong, and when
//	log.go      requests and messages written to files
package staging
