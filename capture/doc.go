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
package capture
