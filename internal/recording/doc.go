// Package recording reads what other systems recorded: exports of events in the
// formats of several products, tables, and requests. A Reader turns all of it
// into the same event, in the order of time, with bounded memory.
//
//	Open → parts (files, members of archives) → lines → decoder → merge by time → reorder → event
//
// Below it stand, each knowing only those before it: event, what is read; container,
// from paths to lines; format, from a line to an event; parquet, rows as lines. Beside it
// anonymize hides data. A line that cannot become an event is counted by its reason and
// handed to the caller, and reading goes on: behind a line that is too long, and with
// the line after a quote that is never closed. Files end where they ended when Look saw
// them.
//
// In reading order: recordings (the files), reader, stream, disorder, reorder, sampler,
// learned and joining, aliases and recent (what is joined and what came before), counts, curve,
// quarantine, then requests with request, har, har_body and goreplay, and records (what
// stands in files, not as events).
package recording
