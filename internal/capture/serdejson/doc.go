// Package serdejson reads JSON texts as serde_json does, the JSON library of the
// capture service: it refuses what serde_json refuses and nothing else, and says
// so in its words, with its line and column.
//
// A reader that is laxer than the service lets a rehearsal pass that fails in
// production. serde_json refuses, among what other readers let pass, half a
// surrogate pair ("\ud83d"), a number beyond the range of a float64 (1e999) and
// the 128th level of nesting.
//
// It reads in two ways. [Check] is for values that it builds. [Passes] is for
// those that it only passes over, of which it looks at the grammar alone: members
// that are not known, and raw values.
//
// The rules are those of serde_json 1.0.145 (de.rs, read.rs) without its features
// float_roundtrip, arbitrary_precision and unbounded_depth.
package serdejson
