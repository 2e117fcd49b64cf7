//go:build race

package permit

// raced says that the race detector is on, which makes tests ten times as slow:
// those that do nothing at the same time are left to the run without it.
const raced = true
