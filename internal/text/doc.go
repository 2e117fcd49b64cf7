// Package text writes numbers for people and sets text in columns, the same way
// in every report:
//
//	numbers.go  counts, rates, durations, shares and sizes, in about three digits
//	setting.go  lines of a width, and words of others that are safe to print
package text
