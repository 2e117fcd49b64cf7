//go:build !linux

package generator

import "time"

// preciseSleep sleeps as finely as the runtime's timers allow.
func preciseSleep(d time.Duration) { time.Sleep(d) }
