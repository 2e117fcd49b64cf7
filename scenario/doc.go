// Package scenario reads scenario files and answers everything that can be
// known before a byte is sent.
package scenario
