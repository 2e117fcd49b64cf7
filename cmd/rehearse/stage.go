package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/spf13/cobra"

	"rehearse/internal/capture/pipeline"
	"rehearse/internal/text"
	"rehearse/scenario/strict"
	"rehearse/staging"
)

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
			var wrong strict.Errors
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
	if f.produced != "" {
		log, err := staging.NewMessageLog(f.produced)
		if err != nil {
			return exitError{exitUsage, err}
		}
		config.Produced = log.Produce
		ends = append(ends, func() error {
			n, err := log.Close()
			fmt.Fprintf(e.stderr, "wrote %s to %s\n", count(int(n), "message"), f.produced)
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
		return exitError{exitUsage, fmt.Errorf("cannot listen on %s: %w (choose another with --listen, or port 0 "+
			"for a free one)", f.listen, errors.Unwrap(err))}
	}
	soft, hard, release := e.deadlines(context.Background(), "", nil)
	defer release()
	server := staging.New(config)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	url := "http://" + listener.Addr().String()
	fmt.Fprintf(e.stderr, "serving %s\n  POST %[1]s/batch/  /e/  /i/v0/e/  /capture/  /track/  /engage/  "+
		"/i/v1/analytics/events\n  GET  %[1]s/_rehearse/stats  /metrics\n", url)
	select {
	case err := <-served:
		return err
	case <-soft.Done():
	}
	ctx, cancel := context.WithTimeoutCause(hard, shutdownWithin, fmt.Errorf("they took longer than %v",
		shutdownWithin))
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
		text.Count(s.Events.Accepted), text.Count(s.Events.Refused), text.Count(s.Events.Filtered),
		s.Checksum)
	if s.Events.Stored > 0 {
		fmt.Fprintf(e.stdout, "%12s events of refused requests stored all the same: they came before the one "+
			"that failed\n", text.Count(s.Events.Stored))
	}
	if s.Events.Lost > 0 {
		fmt.Fprintf(e.stdout, "%12s events accepted (200) but dropped\n", text.Count(s.Events.Lost))
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
		fmt.Fprintf(e.stdout, "%12s events answered 200 and dropped, by a rule or as no import\n",
			text.Count(p.Dropped))
	}
	fmt.Fprintf(e.stdout, "pipeline: %s dropped over quota, %s overflowed, %s without a key, %s out of order, %s "+
		"arrived after their merge\n",
		text.Count(p.OverQuota), text.Count(p.Overflow.Bucket+p.Overflow.Forced+p.Overflow.Global),
		text.Count(p.Order.Unkeyed), text.Count(p.Order.Backwards), text.Count(p.Order.AfterMerge))
	for _, lane := range p.Lanes {
		fmt.Fprintf(e.stdout, "%12s events on lane %s, %s of them on partition %d\n",
			text.Count(lane.Events), lane.Lane, text.Count(lane.Partitions[lane.Hottest]), lane.Hottest)
	}
	if m := p.Merges; m.Total > 0 {
		fmt.Fprintf(e.stdout, "%12s merges: %s refused for an illegal id, %s for one that is identified, %s "+
			"came too early\n",
			text.Count(m.Total), text.Count(m.Illegal), text.Count(m.Identified),
			text.Count(m.Overtook))
	}
}
