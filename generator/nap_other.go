//go:build !linux

package generator

import "time"

// nap sleeps as finely as the runtime's timers allow.
func nap(d time.Duration) { time.Sleep(d) }
