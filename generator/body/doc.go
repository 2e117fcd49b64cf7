// Package body makes the requests of a run from its events: bodies, their
// compression, and the path and headers that say what they are.
//
// Reading order: batch.go is what a source deals out, and what it becomes;
// builder.go writes events one behind the other into an envelope; framing.go
// compresses the body and says so.
package body
