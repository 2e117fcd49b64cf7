//go:build !race

package capacity

// few is how many searches of each kind of endpoint an ordinary test has.
const few = 2
