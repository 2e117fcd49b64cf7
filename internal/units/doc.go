// Package units reads and writes the quantities of files and flags: text of a decimal
// number and a unit, such as 300k/min, 5MB, 0.1% and 1m30s.
//
// Except in durations, digits may be grouped with underscores and a space may stand
// before the unit. Only the spellings that a function names are known; in particular
// m is minutes and M is a million. What a Format function writes, the Parse function
// of the same name reads back exactly; FormatSpan is for people alone.
//
// To read the package: quantities.go (rates, counts, sizes, shares), times.go
// (durations, times, what clocks show).
package units
