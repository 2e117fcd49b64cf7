package main

import (
	"rehearse/capture"
	"rehearse/capture/pipeline"
	"rehearse/scenario"
	"rehearse/staging"
)

// stagingConfig is what a scenario says of the staging endpoint, in the
// endpoint's own words.
func stagingConfig(s *scenario.Staging) staging.Config {
	c := staging.Config{
		Capacity: s.Capacity, Concurrency: s.Concurrency,
		Pipeline: pipeline.Config{
			Partitions: s.Partitions, PerMinute: s.PerMinute, Forced: s.Overflow,
			NoOverflow: s.Setup.OverflowLimit.Off, KeepKey: s.Setup.OverflowLimit.KeepsOrder,
			Overflow: pipeline.Limit{PerSecond: int(s.Setup.OverflowLimit.PerSecond), Burst: int(s.Setup.OverflowLimit.Burst)},
		},
		Policy:          capture.Policy{OverQuota: s.OverQuota, KnownTokens: s.Setup.KnownTokens, Drop: s.Setup.Drop, Import: s.Setup.Import},
		HistoricalAfter: s.Setup.HistoricalAfter, NoV1: s.Setup.NoV1,
	}
	if s.Generation == capture.Generation2024.String() {
		c.Generation = capture.Generation2024
	}
	for _, m := range s.Script {
		c.Script = append(c.Script, phaseOf(&m))
	}
	return c
}

// phaseOf is one entry of a script.
func phaseOf(m *scenario.Mishap) staging.Phase {
	p := staging.Phase{
		From: m.From, To: m.To, Stall: m.Stall, Delay: staging.Delay(m.Delay), Read: int(m.ReadBytes), RetryAfter: m.RetryAfter,
		ResetBefore: m.ResetBefore, Reset: m.Reset, Truncate: m.Truncate, Drop: m.Drop, NotPersisted: m.Again, Stored: m.Stored,
	}
	for _, r := range m.Reject {
		p.Reject = append(p.Reject, staging.Rejection(r))
	}
	return p
}
