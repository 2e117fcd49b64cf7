package main

import (
	"errors"
	"fmt"
	"time"

	"rehearse/results"
)

// errTooFewShards is a merge of nothing.
var errTooFewShards = errors.New("merge wants two run directories at least")

// part is which part of a run this process does, and when it starts.
type part struct {
	shard results.Shards // zero: all of it
	start time.Time      // zero: at once
}

// readPart reads --shard and --start-at.
func readPart(shard, startAt string) (p part, err error) {
	if shard != "" {
		n, err := fmt.Sscanf(shard, "%d/%d", &p.shard.Index, &p.shard.Of)
		s := p.shard
		if err != nil || n != 2 || shard != fmt.Sprintf("%d/%d", s.Index, s.Of) || s.Of < 1 || s.Index < 0 || s.Index >= s.Of {
			return p, exitError{exitUsage, fmt.Errorf("cannot read --shard %q: want i/N with i from 0 to N-1, as in 0/4", shard)}
		}
	}
	if startAt != "" {
		if p.start, err = time.Parse(time.RFC3339, startAt); err != nil {
			return p, exitError{exitUsage, fmt.Errorf("cannot read --start-at %q: want a time as in 2026-12-01T10:00:00Z", startAt)}
		}
		if ahead := time.Until(p.start); ahead < lead || ahead > 24*time.Hour {
			return p, exitError{exitUsage, fmt.Errorf("--start-at %s is not within the next 24 hours", startAt)}
		}
	}
	return p, nil
}

// begin is the instant that all offsets count from.
func (p part) begin() time.Time {
	now := time.Now()
	if p.start.IsZero() {
		return now.Add(lead)
	}
	return now.Add(p.start.Sub(now)) // by the monotonic clock, and to the nanosecond what was asked for
}
