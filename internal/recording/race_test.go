//go:build race

package recording

// raced says that the race detector is on. It makes pools forget at random, so
// that allocations cannot be counted, and digests of many megabytes slow.
const raced = true
