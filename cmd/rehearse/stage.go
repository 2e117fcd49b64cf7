package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rehearse/capture"
	"rehearse/capture/pipeline"
	"rehearse/internal/text"
	"rehearse/internal/units"
	"rehearse/rehearsal"
	"rehearse/scenario"
	"rehearse/staging"
)

// stageFlags is how the endpoint is asked to behave, as written.
type stageFlags struct {
	listen      string
	script      string
	record      string
	generation  string
	maxBody     string
	stall       string
	reject      []string
	reset       string
	again       string
	partitions  int
	perMinute   int64
	forced      []string
	overQuota   []string
	noOverflow  bool
	setup       setupFlags
	delay       time.Duration
	retryAfter  time.Duration
	concurrency int
	json        bool
}

// newStage makes the verb stage.
func newStage(e env) *cobra.Command {
	var f stageFlags
	c := &cobra.Command{
		Use:   "stage",
		Short: "Serve the staging capture endpoint",
		Long: `stage serves a capture endpoint that decodes, validates and counts what it
gets by the rules of the real one, and keeps nothing. It can be made to stall,
delay, reject and break off. Its counts are at GET /_rehearse/stats, and are
printed when it ends (Ctrl-C). A request may take as long as it likes to come
in; when the endpoint ends, a second. What is in progress then has five seconds
to be answered; a second Ctrl-C ends at once.`,
		Example: `  rehearse stage --listen 127.0.0.1:8010
  rehearse stage --listen 127.0.0.1:8010 --stall 1s/5s
  rehearse stage --listen 127.0.0.1:8010 --reject 429:1% --reject 503:0.5% --retry-after 2s
  rehearse stage --script stall.yaml
  rehearse stage --overflow-rate 20 --overflow-burst 200 --produced messages.jsonl
  curl -s http://127.0.0.1:8010/_rehearse/stats | jq .events`,
		Args: nothing,
		RunE: func(c *cobra.Command, _ []string) error {
			config, err := f.config()
			var wrong scenario.Errors
			if errors.As(err, &wrong) {
				return err
			}
			if err != nil {
				return usageError(c, err)
			}
			return stage(e, f, config)
		},
	}
	f.define(c.Flags())
	return c
}

// define makes the flags.
func (f *stageFlags) define(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8010", "`address` to listen on; port 0 takes a free one")
	flags.StringVar(&f.script, "script", "", "behave as a YAML `file` says, which holds what stands under staging in a scenario; flags come on top")
	flags.StringVar(&f.record, "record", "", "write every request to a new `file`, as in wire.jsonl.zst, for replay with format capture")
	flags.StringVar(&f.generation, "generation", "", "behave as the service did in `2024`, or as it does now (default current)")
	flags.StringVar(&f.stall, "stall", "", "serve nothing for a while, every so often, as in `1s/5s`")
	flags.DurationVar(&f.delay, "delay", 0, "take this much longer for each request")
	flags.IntVar(&f.concurrency, "concurrency", 0, "serve at most this `many` requests at once; the others queue")
	flags.StringArrayVar(&f.reject, "reject", nil, "answer a share of the requests with a status, as in `429:1%` (repeatable)")
	flags.DurationVar(&f.retryAfter, "retry-after", 0, "say Retry-After with an injected 429 or 503")
	flags.StringVar(&f.reset, "reset", "", "break off a `share` of the connections instead of answering, as in 0.5%")
	flags.StringVar(&f.again, "again", "", "ask to have a `share` of v1's events sent again, as in 1%")
	flags.IntVar(&f.partitions, "partitions", 0, "partitions of the pipeline behind the endpoint (default 64)")
	flags.Int64Var(&f.perMinute, "per-minute", 0, "the pipeline's limit of `events` a minute for one id (default none)")
	flags.BoolVar(&f.noOverflow, "no-overflow", false, "no bucket of 100/s, burst 1,000, for each id")
	f.setup.define(flags)
	flags.StringArrayVar(&f.forced, "overflow", nil, "a `token` or token:distinct_id that always overflows (repeatable)")
	flags.StringArrayVar(&f.overQuota, "over-quota", nil, "a `token` whose events are answered 200 and dropped (repeatable)")
	flags.StringVar(&f.maxBody, "max-body", "", "largest body, as in `2MiB` (default 20MiB)")
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
	if f.generation != "" {
		c.Generation, err = capture.ParseGeneration(f.generation)
		note("generation", err)
	}
	if f.stall != "" {
		c.Stall, err = staging.ParseStall(f.stall)
		note("stall", err)
	}
	for _, text := range f.reject {
		r, err := staging.ParseRejection(text)
		note("reject", err)
		c.Reject = append(c.Reject, r)
	}
	if f.reset != "" {
		c.Reset, err = units.ParseShare(f.reset)
		note("reset", err)
	}
	if f.again != "" {
		c.NotPersisted, err = units.ParseShare(f.again)
		note("again", err)
	}
	if f.maxBody != "" {
		n, err := units.ParseBytes(f.maxBody)
		if err == nil && n == 0 {
			err = errors.New("no body fits into 0 bytes")
		}
		note("max-body", err)
		c.MaxBody = int(n)
	}
	if f.retryAfter > 0 && f.retryAfter < time.Second {
		wrong = append(wrong, fmt.Errorf("--retry-after: cannot say %v: the header counts whole seconds", f.retryAfter))
	}
	if f.setup.stored != "" {
		c.Stored, err = units.ParseShare(f.setup.stored)
		note("stored", err)
	}
	if f.setup.rate < 0 || f.setup.burst < 0 {
		wrong = append(wrong, errors.New("--overflow-rate and --overflow-burst must not be negative"))
	}
	if f.partitions < 0 || f.partitions > 10_000 || f.perMinute < 0 {
		wrong = append(wrong, errors.New("--partitions must be 1 to 10000, and --per-minute not negative"))
	}
	if len(wrong) > 0 {
		return c, errors.Join(wrong...)
	}
	return c, c.Validate()
}

// scripted is what the script says, and those flags that need no reading.
func (f *stageFlags) scripted() (staging.Config, error) {
	var script scenario.Staging
	if f.script != "" {
		var err error
		if script, err = scenario.LoadStaging(f.script); err != nil {
			return staging.Config{}, err
		}
	}
	c := rehearsal.StagingConfig(&script)
	c.Delay, c.RetryAfter = f.delay, f.retryAfter
	c.Concurrency = cmp.Or(f.concurrency, c.Concurrency)
	p := &c.Pipeline
	p.Partitions, p.PerMinute = cmp.Or(f.partitions, p.Partitions), cmp.Or(f.perMinute, p.PerMinute)
	p.Forced = append(p.Forced, f.forced...)
	p.NoOverflow = p.NoOverflow || f.noOverflow
	c.Policy.OverQuota = append(c.Policy.OverQuota, f.overQuota...)
	f.setup.apply(&c)
	return c, nil
}

// stage serves until it is interrupted, and records what comes if it is to.
func stage(e env, f stageFlags, config staging.Config) error {
	var ends []func() error
	if f.record != "" {
		log, err := staging.NewRequestLog(f.record)
		if err != nil {
			return exitError{exitUsage, err}
		}
		config.Observe = log.Observe
		ends = append(ends, func() error {
			n, err := log.Close()
			fmt.Fprintf(e.stderr, "recorded %s in %s\n", count(int(n), "request"), f.record)
			return err
		})
	}
	if f.setup.produced != "" {
		log, err := staging.NewMessageLog(f.setup.produced)
		if err != nil {
			return exitError{exitUsage, err}
		}
		config.Produced = log.Produce
		ends = append(ends, func() error {
			n, err := log.Close()
			fmt.Fprintf(e.stderr, "wrote %s to %s\n", count(int(n), "message"), f.setup.produced)
			return err
		})
	}
	err := serve(e, f, config)
	for _, end := range ends {
		err = errors.Join(err, end())
	}
	return err
}

// serve runs the endpoint until it is interrupted, and prints what it counted.
func serve(e env, f stageFlags, config staging.Config) error {
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return exitError{exitUsage, fmt.Errorf("cannot listen on %s: %w (choose another with --listen, or port 0 for a free one)", f.listen, errors.Unwrap(err))}
	}
	soft, hard, release := e.deadlines(context.Background())
	defer release()
	server := staging.New(config)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	url := "http://" + listener.Addr().String()
	fmt.Fprintf(e.stderr, "serving %s\n  POST %[1]s/batch/  /e/  /i/v0/e/  /capture/  /track/  /engage/  /i/v1/analytics/events\n  GET  %[1]s/_rehearse/stats  /metrics\n", url)
	select {
	case err := <-served:
		return err
	case <-soft.Done():
	}
	ctx, cancel := context.WithTimeoutCause(hard, shutdownWithin, fmt.Errorf("they took longer than %v", shutdownWithin))
	defer cancel()
	if err := server.Shutdown(ctx); err != nil { // no failure: to end is what was asked for
		fmt.Fprintf(e.stderr, "%v\n", err)
	}
	return printStats(e, server.Stats(), f.json)
}

// shutdownWithin is how long requests in progress may take to be answered.
const shutdownWithin = 5 * time.Second

// printStats prints what the endpoint counted.
func printStats(e env, s staging.Stats, asJSON bool) error {
	if asJSON {
		text, err := json.MarshalIndent(s, "", "  ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(e.stdout, "%s\n", text)
		return err
	}
	fmt.Fprintf(e.stdout, "events: %s accepted, %s refused, %s filtered; checksum %s\n",
		text.Count(s.Events.Accepted), text.Count(s.Events.Refused), text.Count(s.Events.Filtered), s.Checksum)
	if s.Events.Stored > 0 {
		fmt.Fprintf(e.stdout, "%12s events of refused requests stored all the same: they came before the one that failed\n", text.Count(s.Events.Stored))
	}
	if s.Events.Lost > 0 {
		fmt.Fprintf(e.stdout, "%12s events answered with yes and dropped\n", text.Count(s.Events.Lost))
	}
	for _, v := range s.Verdicts {
		fmt.Fprintf(e.stdout, "%12s events answered %s %s\n", text.Count(v.Events), v.Result, v.Detail)
	}
	for _, r := range s.Requests {
		fmt.Fprintf(e.stdout, "%12s requests to %s answered %d\n", text.Count(r.Requests), r.Route, r.Status)
	}
	for _, r := range s.Refusals {
		fmt.Fprintf(e.stdout, "%12s requests refused: %d %q\n", text.Count(r.Requests), r.Status, r.Text)
	}
	printPipeline(e, &s.Pipeline)
	return nil
}

// printPipeline prints what became of the accepted events.
func printPipeline(e env, p *pipeline.Stats) {
	if p.Dropped > 0 {
		fmt.Fprintf(e.stdout, "%12s events answered 200 and dropped, by a rule or as no import\n", text.Count(p.Dropped))
	}
	fmt.Fprintf(e.stdout, "pipeline: %s dropped over quota, %s overflowed, %s without a key, %s out of order, %s after a merge that they should have come before\n",
		text.Count(p.OverQuota), text.Count(p.Overflow.Bucket+p.Overflow.Forced+p.Overflow.Global),
		text.Count(p.Order.Unkeyed), text.Count(p.Order.Backwards), text.Count(p.Order.AfterMerge))
	for _, lane := range p.Lanes {
		fmt.Fprintf(e.stdout, "%12s events on lane %s, %s of them on partition %d\n",
			text.Count(lane.Events), lane.Lane, text.Count(lane.Partitions[lane.Hottest]), lane.Hottest)
	}
	if m := p.Merges; m.Total > 0 {
		fmt.Fprintf(e.stdout, "%12s merges: %s refused for an illegal id, %s for one that is identified, %s came too early\n",
			text.Count(m.Total), text.Count(m.Illegal), text.Count(m.Identified), text.Count(m.Overtook))
	}
}
