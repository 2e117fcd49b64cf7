//go:build !linux && !darwin

package container

// freeDisk is not known here.
func freeDisk(string) int64 { return -1 }
