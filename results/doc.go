// Package results keeps what was written down about a run and says what it means.
package results
