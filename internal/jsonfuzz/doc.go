// Package jsonfuzz makes up request bodies that lie at the edges of what a capture
// endpoint takes, and says what it must make of them: [Source] is a grammar fuzzer,
// [Expect] an oracle. It is for tests, and shares no code with what they test.
package jsonfuzz
