// Package recording reads what other systems recorded: exports of events in the
// formats of several products, tables, and requests. A Reader turns all of it
// into the same Event, in the order of time, with bounded memory.
//
//	Open → parts (files, members of archives) → lines → decoder → merge by time → reorder → Event
//
// Each format is a small decoder from a line to an Event; which one a part needs
// is told from its first line. A row of a Parquet file is made a line. A line that
// cannot become an event is counted by its Reason and handed to whoever asked, and
// reading goes on: behind a line that is too long, and with the line after a quote
// that is never closed. A record in a JSON list is made a line, too. Files end where
// they ended when Look saw them.
//
// A line is scanned once: the scanner that finds the members is the one that
// makes sure that the line is valid JSON. Nothing is allocated a line.
package recording
