// Package anonymize replaces what recorded events tell of persons by pseudonyms, so
// that a recording can be replayed to an endpoint which must not see the data.
//
// Reading order: anonymizer.go is an event, its ids and keys; properties.go walks
// over its JSON; names.go decides which texts are names and which are data, and
// values.go makes texts, times, numbers and addresses of the same shape.
package anonymize
