//go:build !linux

package transport

import "rehearse/results"

// socketCounts has nobody to ask here.
func socketCounts(int) (c results.Sockets) { return c }
