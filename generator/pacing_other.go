//go:build !linux

package generator

import "time"

// canPace tells whether there may be pacing threads.
const canPace = false

// ownThread is not called.
func ownThread() {}

// sleepBusy is not called.
func sleepBusy(time.Duration) {}
