//go:build !race

package rundir

const raced = false
