// Package recorded keeps what has to be known of each event of a replay while what
// arrived is held against it: recorded uuids do not tell which event they are of, so they
// are sorted and looked up. Everything lies in temporary files of 62 bytes an event, and
// little of it in memory. The files are gone with the process, on Windows when they are closed.
//
// Reading order:
//
//	writer.go  events in the order of their numbers → sorted runs of pairs → one table
//	store.go   what is asked of the files
package recorded
