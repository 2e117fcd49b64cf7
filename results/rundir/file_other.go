//go:build !unix

package rundir

// noFollow is what the system has of it: nothing.
const noFollow = 0
