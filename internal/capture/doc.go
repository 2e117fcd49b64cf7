// Package capture is the language of event-capture endpoints: what requests and
// answers look like, and what they mean. Both sides of a rehearsal speak it, the
// generator as client and the staging endpoint as server.
//
// The client side appends: [AppendEvent] writes one event, [Envelope] what a
// /batch/ body carries around its events, [AppendSingle] the body of one event
// on its own. Nothing is reflected upon and nothing is allocated but the growth
// of the buffer that the caller hands in. What the endpoint answers becomes a
// [Reason] through [Judge]; the one table behind Reason knows its name, whose
// doing it was, what it means for the events and whether SDKs try again.
//
// The server side decodes: a [Decoder] turns a [Request] of any documented shape
// (array, batch, single event, engage; plain, gzip, base64 or form) into a
// [Submission] of [Received] events, or into the [Refusal] that the endpoint
// would have answered, with its status and its text.
//
// The rules are those of the v0 routes of PostHog's capture service as of 2026.
// Where its 2024 generation differed, the comment at the rule says so.
//
// Reading order:
//
//	encode.go      events and envelopes as clients write them
//	answer.go      what an answer of the endpoint says
//	stored.go      which events may be stored although their request was refused
//	decode.go      a request to v0 → a submission of events, or a refusal
//	decode_v1.go   the same for v1
//	message.go     the Kafka message that an event becomes, and its size
//	event_v1.go    one event of v1
//	shape.go       the members of one event, and of a batch
//	events.go      events as they were received, and what those of a request have in common
//	v1.go          headers, options and results of v1
//	reason.go      why events were not accepted, and whose doing it was
//	payload.go     the JSON text that a request carries
//	request.go     a request: its route, query, headers and coding
//	coding.go      gzip, deflate, zstd and lz64, each to a limit
//	ids.go         distinct_ids, tokens and UUIDs
//	policy.go      generations, limits, and whom an endpoint refuses
//	refusal.go     refusals and their words
//	time.go        times of events: which one counts, and how they are written
//	json.go        strings and values of JSON as the service writes them
package capture
