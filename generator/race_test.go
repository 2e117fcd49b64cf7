//go:build race

package generator

// raced tells whether the race detector watches, which makes digests of many
// megabytes slow and finds nothing in them.
const raced = true
