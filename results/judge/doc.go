// Package judge follows a run, interval by interval, and says what it is worth.
package judge
