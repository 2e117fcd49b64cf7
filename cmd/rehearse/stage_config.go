package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"rehearse/internal/capture/pipeline"
	"rehearse/internal/units"
	"rehearse/rehearsal"
	"rehearse/scenario"
	"rehearse/staging"
)

// stageFlags is how the endpoint is asked to behave, as written.
type stageFlags struct {
	listen, script   string
	record, produced string // files
	json             bool

	deployment deploymentFlags
	pipeline   pipelineFlags
	faults     faultFlags
}

// deploymentFlags are what a deployment of the service switches on or off.
type deploymentFlags struct {
	generation, maxBody          string
	concurrency                  int
	knownTokens, drop, overQuota []string
	imports, noV1                bool
	historicalAfter              time.Duration
}

// pipelineFlags are the limits of the pipeline behind the endpoint.
type pipelineFlags struct {
	partitions, rate, burst int
	perMinute               int64
	forced, persons, topics []string
	quota, mergeIDs         int64
	noOverflow              bool
	keepsOrder, dropsKey    bool
}

// faultFlags are what goes wrong.
type faultFlags struct {
	stall, reset, again, stored string
	reject                      []string
	delay, retryAfter           time.Duration
}

// define makes the flags.
func (f *stageFlags) define(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8010", "`ADDRESS` to listen on; port 0 takes a free one")
	flags.StringVar(&f.script, "script", "",
		"behave as a YAML `FILE` says, which holds what stands under staging in a scenario; flags come on top")
	flags.StringVar(&f.record, "record", "",
		"write every request to a new `FILE`, as in wire.jsonl.zst, for replay with format capture")
	flags.StringVar(&f.deployment.generation, "generation", "",
		"behave as the service did in `2024` or does in 2026-11; custom enforces only what is given (default 2026-11)")
	flags.StringVar(&f.faults.stall, "stall", "",
		"serve nothing for a while, every so often: `LENGTH/EVERY`, as in 1s/5s")
	flags.DurationVar(&f.faults.delay, "delay", 0, "take this `DURATION` longer for each request")
	flags.IntVar(&f.deployment.concurrency, "concurrency", 0,
		"serve at most `N` requests at once; the others queue")
	flags.StringArrayVar(&f.faults.reject, "reject", nil,
		"answer a share of the requests with a status: `STATUS:SHARE`, as in 429:1% (repeatable)")
	flags.DurationVar(&f.faults.retryAfter, "retry-after", 0,
		"say Retry-After, a `DURATION`, with an injected 429 or 503")
	flags.StringVar(&f.faults.reset, "reset", "",
		"break off a `SHARE` of the connections instead of answering, as in 0.5%")
	flags.StringVar(&f.faults.again, "again", "", "ask the client to resend this `SHARE` of v1 events, as in 1%")
	flags.IntVar(&f.pipeline.partitions, "partitions", 0,
		"`N` partitions of the pipeline behind the endpoint (default 64)")
	flags.Int64Var(&f.pipeline.perMinute, "per-minute", 0,
		"the pipeline's limit for one id: `N` events a minute (default 5000; none in 2024)")
	flags.BoolVar(&f.pipeline.noOverflow, "no-overflow", false,
		"disable the per-id rate limit (100/s, burst 1,000)")
	flags.IntVar(&f.pipeline.rate, "overflow-rate", 0,
		"let `N` events a second of an id pass (default 100)")
	flags.IntVar(&f.pipeline.burst, "overflow-burst", 0, "let `N` events of an id pass at once (default 1000)")
	flags.BoolVar(&f.pipeline.keepsOrder, "overflow-keeps-order", false,
		"events beyond the bucket keep their key (default in 2026-11)")
	flags.BoolVar(&f.pipeline.dropsKey, "overflow-drops-key", false,
		"events beyond the bucket lose their key, and so their order (default in 2024)")
	flags.StringArrayVar(&f.deployment.knownTokens, "known-token", nil,
		"a `TOKEN` of a project; others are answered 401 (repeatable; default all are known)")
	flags.StringArrayVar(&f.deployment.drop, "drop", nil,
		"a `TOKEN` or token:distinct_id whose events are answered 200 and dropped by rule (repeatable)")
	flags.BoolVar(&f.deployment.imports, "import", false,
		"take imports only: what is not marked historical_migration is answered 200 and dropped")
	flags.DurationVar(&f.deployment.historicalAfter, "historical-after", 0,
		"send events older than this `DURATION` to the historical lane, as in 24h "+
			"(default only those of batches that say so)")
	flags.BoolVar(&f.deployment.noV1, "no-v1", false, "be without v1")
	flags.StringVar(&f.faults.stored, "stored", "",
		"store a `SHARE` of the events of a request that --reject answers 503, as in 50%")
	flags.StringVar(&f.produced, "produced", "",
		"write each message that the service would have sent to Kafka to a new `FILE`, a line of JSON each")
	flags.StringArrayVar(&f.pipeline.forced, "overflow", nil,
		"a `TOKEN` or token:distinct_id that always overflows (repeatable)")
	flags.StringArrayVar(&f.pipeline.persons, "skip-persons", nil,
		"a `TOKEN` or token:distinct_id that is processed without persons (repeatable)")
	flags.StringArrayVar(&f.pipeline.topics, "redirect", nil,
		"a `TOKEN` or token:distinct_id that is redirected to a topic of its own (repeatable)")
	flags.Int64Var(&f.pipeline.quota, "quota", 0, "take `N` events of each project, answer 200 to more and drop them")
	flags.Int64Var(&f.pipeline.mergeIDs, "merge-ids", 0,
		"a merge of more than `N` ids becomes a dead letter (default any number)")
	flags.StringArrayVar(&f.deployment.overQuota, "over-quota", nil,
		"a `TOKEN` whose events are answered 200 and dropped (repeatable)")
	flags.StringVar(&f.deployment.maxBody, "max-body", "", "the largest body, a `SIZE` as in 2MiB (default 20MiB)")
	flags.BoolVar(&f.json, "json", false, "print the counts as JSON at the end")
}

// config reads the flags, and says everything that is wrong with them at once.
func (f *stageFlags) config() (staging.Config, error) {
	c, err := f.scripted()
	if err != nil {
		return c, err
	}
	var wrong []error
	note := func(flag string, err error) {
		if err != nil {
			wrong = append(wrong, fmt.Errorf("--%s: %w", flag, err))
		}
	}
	if f.faults.stall != "" {
		c.Stall, err = staging.ParseStall(f.faults.stall)
		note("stall", err)
	}
	for _, text := range f.faults.reject {
		r, err := staging.ParseRejection(text)
		note("reject", err)
		c.Reject = append(c.Reject, r)
	}
	if f.faults.reset != "" {
		c.Reset, err = units.ParseShare(f.faults.reset)
		note("reset", err)
	}
	if f.faults.again != "" {
		c.NotPersisted, err = units.ParseShare(f.faults.again)
		note("again", err)
	}
	if f.deployment.maxBody != "" {
		n, err := units.ParseBytes(f.deployment.maxBody)
		if err == nil && n == 0 {
			err = errors.New("no body fits into 0 bytes")
		}
		note("max-body", err)
		c.MaxBody = int(n)
	}
	if f.faults.retryAfter > 0 && f.faults.retryAfter < time.Second {
		wrong = append(wrong, fmt.Errorf("--retry-after: cannot say %v: the header counts whole seconds",
			f.faults.retryAfter))
	}
	if f.faults.stored != "" {
		c.Stored, err = units.ParseShare(f.faults.stored)
		note("stored", err)
	}
	if f.pipeline.rate < 0 || f.pipeline.burst < 0 {
		wrong = append(wrong, errors.New("--overflow-rate and --overflow-burst must not be negative"))
	}
	if f.pipeline.keepsOrder && (f.pipeline.dropsKey || c.Pipeline.Facts.InPlace) {
		wrong = append(wrong, errors.New("--overflow-keeps-order contradicts --overflow-drops-key and "+
			"--generation 2024"))
	}
	if f.pipeline.quota < 0 || f.pipeline.mergeIDs < 0 {
		wrong = append(wrong, errors.New("--quota and --merge-ids must not be negative"))
	}
	if f.pipeline.partitions < 0 || f.pipeline.partitions > 10_000 || f.pipeline.perMinute < 0 {
		wrong = append(wrong, errors.New("--partitions must be 1 to 10000, and --per-minute not negative"))
	}
	if len(wrong) > 0 {
		return c, errors.Join(wrong...)
	}
	return c, c.Validate()
}

// scripted is what the script says, and those flags that need no reading.
func (f *stageFlags) scripted() (staging.Config, error) {
	var set []string
	if g := f.deployment.generation; g != "" {
		if _, err := pipeline.Published(pipeline.Release(g)); err != nil && g != "current" {
			return staging.Config{}, fmt.Errorf("--generation: %w: want 2024, 2026-11 or custom", err)
		}
		set = []string{"generation=" + g}
	}
	script, err := scenario.LoadStaging(f.script, set...)
	if err != nil {
		return staging.Config{}, err
	}
	c := rehearsal.StagingConfig(&script)
	f.apply(&c)
	return c, nil
}

// apply sets what the flags say over what a script says.
func (f *stageFlags) apply(c *staging.Config) {
	c.Delay, c.RetryAfter = f.faults.delay, f.faults.retryAfter
	c.Work.Concurrency = cmp.Or(f.deployment.concurrency, c.Work.Concurrency)
	f.deployment.apply(c)
	f.pipeline.apply(&c.Pipeline)
}

func (f *deploymentFlags) apply(c *staging.Config) {
	c.Policy.OverQuota = append(c.Policy.OverQuota, f.overQuota...)
	c.Policy.KnownTokens = append(c.Policy.KnownTokens, f.knownTokens...)
	c.Policy.Drop = append(c.Policy.Drop, f.drop...)
	c.Policy.Import = c.Policy.Import || f.imports
	c.HistoricalAfter = cmp.Or(f.historicalAfter, c.HistoricalAfter)
	c.NoV1 = c.NoV1 || f.noV1
}

func (f *pipelineFlags) apply(p *pipeline.Config) {
	p.Partitions = cmp.Or(f.partitions, p.Partitions)
	facts := *p.Facts // which others may have, too
	for action, matches := range map[pipeline.Action][]string{
		pipeline.ForceOverflow: f.forced, pipeline.SkipPersons: f.persons, pipeline.Redirect: f.topics,
	} {
		for _, match := range matches {
			facts.Restrictions = append(slices.Clip(facts.Restrictions),
				pipeline.Restriction{Match: match, Action: action})
		}
	}
	facts.Quota, facts.Merges.IDs = cmp.Or(f.quota, facts.Quota), cmp.Or(f.mergeIDs, facts.Merges.IDs)
	facts.Global.Events = cmp.Or(f.perMinute, facts.Global.Events)
	b := &facts.Overflow
	switch {
	case f.noOverflow:
		*b = pipeline.Bucket{}
	case f.rate > 0 || f.burst > 0:
		b.Limit = pipeline.Limit{PerSecond: cmp.Or(f.rate, b.PerSecond, 100), Burst: cmp.Or(f.burst, b.Burst, 1000)}
	}
	b.KeepsOrder = (b.KeepsOrder || f.keepsOrder) && !f.dropsKey
	p.Facts = &facts
}
