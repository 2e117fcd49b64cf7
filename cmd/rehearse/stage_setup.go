package main

import (
	"cmp"
	"time"

	"github.com/spf13/pflag"

	"rehearse/capture/pipeline"
	"rehearse/staging"
)

// setupFlags is how the endpoint is set up, as written: what a deployment of the
// service switches on or off, and where it shows what it would have produced.
type setupFlags struct {
	rate, burst     int
	keepsOrder      bool
	knownTokens     []string
	drop            []string
	imports         bool
	historicalAfter time.Duration
	noV1            bool
	stored          string
	produced        string
}

// define makes the flags.
func (f *setupFlags) define(flags *pflag.FlagSet) {
	flags.IntVar(&f.rate, "overflow-rate", 0, "events a `second` that the bucket of an id lets pass (default 100)")
	flags.IntVar(&f.burst, "overflow-burst", 0, "events that it lets pass at `once` (default 1000)")
	flags.BoolVar(&f.keepsOrder, "overflow-keeps-order", false, "events beyond the bucket keep their key")
	flags.StringArrayVar(&f.knownTokens, "known-token", nil, "a `token` of a project; others are answered 401 (repeatable; default all are known)")
	flags.StringArrayVar(&f.drop, "drop", nil, "a `token` or token:distinct_id whose events are answered 200 and dropped by rule (repeatable)")
	flags.BoolVar(&f.imports, "import", false, "take imports only: what is not marked historical_migration is answered 200 and dropped")
	flags.DurationVar(&f.historicalAfter, "historical-after", 0, "send events that are older to the historical lane, as in 24h (default only those of batches that say so)")
	flags.BoolVar(&f.noV1, "no-v1", false, "be without v1")
	flags.StringVar(&f.stored, "stored", "", "store a `share` of the events of a request that --reject answers 503, as in 50%")
	flags.StringVar(&f.produced, "produced", "", "write each message that the service would have sent to Kafka to a new `file`, a line of JSON each")
}

// apply sets what the flags say over what a script says.
func (f *setupFlags) apply(c *staging.Config) {
	limit := &c.Pipeline.Overflow
	if f.rate > 0 || f.burst > 0 {
		*limit = pipeline.Limit{PerSecond: cmp.Or(f.rate, limit.PerSecond, 100), Burst: cmp.Or(f.burst, limit.Burst, 1000)}
	}
	c.Pipeline.KeepKey = c.Pipeline.KeepKey || f.keepsOrder
	c.Policy.KnownTokens = append(c.Policy.KnownTokens, f.knownTokens...)
	c.Policy.Drop = append(c.Policy.Drop, f.drop...)
	c.Policy.Import = c.Policy.Import || f.imports
	if f.historicalAfter != 0 {
		c.HistoricalAfter = f.historicalAfter
	}
	c.NoV1 = c.NoV1 || f.noV1
}
