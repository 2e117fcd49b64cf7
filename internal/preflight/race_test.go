//go:build race

package preflight_test

// raced says that the race detector is on. It makes building bodies ten times as
// slow; what runs at the same time as something else is tested all the same.
const raced = true
