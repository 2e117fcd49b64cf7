package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rehearse/internal/verify"
	"rehearse/internal/verify/kafka"
	"rehearse/internal/verify/report"
	"rehearse/internal/verify/source"
	"rehearse/internal/verify/sql"
	"rehearse/rehearsal"
	"rehearse/scenario"
)

// verifyRunFlags are those of verify.
type verifyRunFlags struct {
	from, persons         string
	thresholds            []string
	inOrder, quiet        bool
	json, markdown, junit bool
	database              rehearsal.Database
	printed
	watching
}

// watching say how long events are waited for.
type watching struct {
	on              bool
	deadline, every time.Duration // 0: the usual ones
}

// register makes the flags known.
func (w *watching) register(c *cobra.Command) {
	c.Flags().BoolVar(&w.on, "watch", false, "look at the source until all accepted events are visible, and show how "+
		"they became so")
	c.Flags().DurationVar(&w.deadline, "deadline", 0, "end --watch after `DURATION` at the latest (default 10m)")
	c.Flags().DurationVar(&w.every, "every", 0, "with --watch, look every `DURATION` at most (default 2s; HogQL 1m)")
}

// options are nil without --watch.
func (w *watching) options(kind string) *verify.Watch {
	if !w.on {
		return nil
	}
	every := 2 * time.Second
	if kind == "hogql" { // it answers 120 queries an hour
		every = time.Minute
	}
	return &verify.Watch{Deadline: cmp.Or(w.deadline, 10*time.Minute), Every: cmp.Or(w.every, every)}
}

// printed is what is written beside the report, and what of SQL is printed instead.
type printed struct {
	html       string
	scenario   string // that made the run
	printQuery string
	cleanup    bool
}

const verifyHelp = `verify reads what came of a run where it came to, makes the events of the run
again from its directory, and reports which accepted events are missing, which
are there more often than they were sent, which are altered, which came in the
wrong order, and how long it took until they were there. Events are found by
their uuids, so the source may hold anything else as well.

SOURCE is a file, a directory or a pattern: requests recorded by "stage --record",
or an export of events as lines of JSON or as Parquet, with the columns uuid,
event, distinct_id and properties, and one of inserted_at, _timestamp, created_at
or now that says when the event was there. Files may be compressed.

kafka:TOPIC reads the messages of a topic from the start of the run on, up to those
that are there now, without a consumer group: those of the capture service, or
those for ClickHouse. KAFKA_BROKERS names the brokers; KAFKA_TLS, KAFKA_TLS_CA,
KAFKA_TLS_CERT, KAFKA_TLS_KEY, KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME,
KAFKA_SASL_PASSWORD and KAFKA_TIMEOUT say how they are reached.

clickhouse:URL asks ClickHouse over HTTP, hogql:URL the query endpoint of PostHog's
API, for counts and sums by the beginning of the uuids, and reads rows only where
these are not what they should be, and of a sample. --query names a file with the
SELECT that gives the events; --print-query prints the one that is used without,
with comments. CLICKHOUSE_USER and CLICKHOUSE_PASSWORD, or POSTHOG_PERSONAL_API_KEY,
say who asks, and SQL_TIMEOUT how long a query may take (2m).

It writes verify.json and verify-events.jsonl, which names up to 1,000 events of
each kind, into the run directory, and draws its report.html again. It exits with 0
if all thresholds are met, with 99 if not, and with 120 if the source does not
tell, as when it could not be read to its end. Ctrl-C ends the reading, and a watch,
and reports how far it came. --watch looks at a source over and over until all
accepted events are visible; what is not when --deadline has passed is lost.

Thresholds are lost, duplicated, altered, misordered, taken (rejected, and there
all the same) and foreign, as counts or shares of the accepted events; visible
with p50, p95, p99, max or drain; and with --persons split, joined and missing.`

// newVerify makes the verb verify.
func newVerify(e env) *cobra.Command {
	var f verifyRunFlags
	c := &cobra.Command{
		Use:   "verify DIR --from SOURCE",
		Short: "Check that every accepted event of a run arrived once, unchanged and in order",
		Long:  verifyHelp,
		Example: `  rehearse verify results/runs/20261201T100000Z-quickstart --from export.jsonl.gz
  rehearse verify run --from 'exports/*.parquet' --threshold 'lost == 0' --threshold 'visible p95 < 30s'
  rehearse verify run --from wire.jsonl --junit > verify.xml
  rehearse verify run --from clickhouse:http://127.0.0.1:8123/ --query events.sql
  rehearse verify run --from kafka:events_plugin_ingestion --watch --deadline 5m
  rehearse verify run --cleanup > remove.sql`,
		Args: func(c *cobra.Command, args []string) error {
			if f.printQuery != "" {
				return nil
			}
			return exactly("DIR")(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if f.printQuery != "" {
				return f.writeQuery(c, e)
			}
			if f.cleanup {
				return writeCleanup(e, args[0])
			}
			thresholds, err := f.parse()
			if err != nil {
				return usageError(c, err)
			}
			return f.verify(e, args[0], thresholds)
		},
	}
	c.Flags().SortFlags = false
	c.Flags().StringVar(&f.from, "from", "", "read what arrived from `SOURCE`: a file, a directory, a pattern, "+
		"kafka:TOPIC, clickhouse:URL or hogql:URL")
	c.Flags().StringArrayVar(&f.thresholds, "threshold", nil, "`THRESHOLD`, as in 'lost == 0' (repeatable; default: "+
		"those of the scenario, or lost == 0, duplicated < 0.01%, altered == 0)")
	c.Flags().BoolVar(&f.inOrder, "in-order", false, "the rows of the export stand in the order in which they "+
		"arrived: check the order of each distinct_id")
	c.Flags().StringVar(&f.persons, "persons", "", "read from `SOURCE`, with the columns distinct_id and person_id, "+
		"which person each id has now, and check the merges")
	f.watching.register(c)
	f.registerDatabase(c)
	c.Flags().StringVar(&f.scenario, "scenario", "", "the scenario `FILE` of the run, for a directory of a version "+
		"that did not keep it")
	c.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "show no progress")
	c.Flags().StringVar(&f.html, "html", "", "also write the report as one HTML file to `FILE`")
	c.Flags().BoolVar(&f.json, "json", false, "print verify.json instead of the report")
	c.Flags().BoolVar(&f.markdown, "markdown", false, "print the report as Markdown")
	c.Flags().BoolVar(&f.junit, "junit", false, "print the thresholds as JUnit tests")
	return c
}

// registerDatabase makes the flags known that are about databases.
func (f *verifyRunFlags) registerDatabase(c *cobra.Command) {
	d := &f.database
	c.Flags().StringVar(&d.QueryFile, "query", "", "ask a database for the events of the SELECT in `FILE`")
	c.Flags().StringVar(&d.Properties, "properties", string(sql.Sample), "compare the properties of `WHICH` events "+
		"of a database: all, sample (one in 64 of a large run) or none")
	c.Flags().StringVar(&d.Named, "query-to", "", "a database that is not on this machine may be asked: its "+
		"`HOST[:PORT]`")
	c.Flags().BoolVar(&f.cleanup, "cleanup", false, "print the SQL that removes the events and persons of the run, "+
		"and do nothing: it needs traffic.distinct_ids.prefix")
	c.Flags().StringVar(&f.printQuery, "print-query", "", "print the SELECT that is used without --query for this "+
		"`KIND` of database, with comments: clickhouse or hogql")
}

// writeCleanup prints how the rows of a run are removed.
func writeCleanup(e env, directory string) error {
	text, err := rehearsal.CleanupSQL(directory)
	if err != nil {
		return err
	}
	_, err = io.WriteString(e.stdout, text)
	return err
}

// writeQuery prints what a file for --query may be made from.
func (f *verifyRunFlags) writeQuery(c *cobra.Command, e env) error {
	text, err := sql.DefaultQuery(f.printQuery)
	if err != nil {
		return usageError(c, err)
	}
	_, err = io.WriteString(e.stdout, text)
	return err
}

// parse reads the flags.
func (f *verifyRunFlags) parse() ([]verify.Threshold, error) {
	switch {
	case f.from == "":
		return nil, errors.New("name a source with --from")
	case f.json && f.markdown, f.json && f.junit, f.markdown && f.junit:
		return nil, errors.New("choose one of --json, --markdown and --junit")
	case f.deadline < 0 || f.every < 0:
		return nil, errors.New("--deadline and --every must not be negative")
	case !f.on && (f.deadline > 0 || f.every > 0):
		return nil, errors.New("--deadline and --every go with --watch")
	}
	var all []verify.Threshold
	for _, text := range f.thresholds {
		t, err := scenario.ParseArrival(text)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// readingEnds is what the first interrupt of verify comes to.
const readingEnds = "interrupted: no more is read of what arrived; the report is of what was read (Ctrl-C again " +
	"stops without one)"

// verify holds the source against the run in a directory.
func (f *verifyRunFlags) verify(e env, directory string, thresholds []verify.Threshold) error {
	run, err := rehearsal.ReadSent(directory, f.scenario, rehearsal.Overrides{})
	if err != nil {
		return err
	}
	defer run.Close()
	var notices notices
	soft, hard, release := e.deadlines(context.Background(), readingEnds, func(line string) { notices.say(e, line) })
	defer release()
	from, remove, err := f.source(soft, run)
	if err != nil {
		return verifyError(soft, err)
	}
	defer remove()
	switch {
	case len(thresholds) > 0:
	case len(run.Scenario.Arrived) > 0:
		thresholds = run.Scenario.Arrived
	default:
		thresholds = verify.Implied()
	}
	options := verify.Options{Thresholds: thresholds, Watch: f.watching.options(from.Kind)}
	if f.persons != "" {
		persons, remove, err := source.Files(f.persons, false)
		if err != nil {
			return exitError{exitScenario, err}
		}
		defer remove()
		options.Persons = persons
	}
	bar := f.newSourceBar(e, from.Kind, &notices)
	options.Progress = bar.show
	if w := options.Watch; w != nil {
		options.Progress, w.Seen = nil, bar.watch
	}
	result, err := verify.Hold(soft, hard, run, from, options)
	bar.end()
	if err != nil {
		return verifyError(hard, err)
	}
	if err := keepVerified(directory, result); err != nil {
		return err
	}
	if f.html != "" {
		page, err := report.HTML(&result.Report)
		if err == nil {
			err = os.WriteFile(f.html, page, 0o644)
		}
		if err != nil {
			return fmt.Errorf("cannot write the report: %w", err)
		}
	}
	return f.print(e, &result.Report)
}

// source opens what --from names: a topic, a database, or files.
func (f *verifyRunFlags) source(ctx context.Context, run *verify.Run) (from *verify.Source, remove func(), err error) {
	kind, rest, _ := strings.Cut(f.from, ":")
	switch kind {
	case "kafka":
		var config kafka.Config
		config, err = kafka.FromEnvironment(os.Getenv)
		if err == nil {
			open := kafka.Topic
			if f.on {
				open = kafka.Tail
			}
			from, err = open(ctx, config, rest, run.Start().Add(-clocksApart))
		}
	case "clickhouse", "hogql":
		f.database.Kind, f.database.Address = kind, rest
		from, err = f.database.Open(ctx, run, os.Getenv)
	default:
		open := source.Files
		if f.on {
			open = source.Watched
		}
		if from, remove, err = open(f.from, f.inOrder); err == nil {
			return from, remove, nil
		}
	}
	if err != nil && rehearsal.KindOf(err) == 0 {
		err = exitError{exitScenario, err}
	}
	return from, func() {}, err
}

// clocksApart is how far the clocks of those who write messages may be behind.
const clocksApart = time.Minute

// verifyError is why nothing came of it: an interrupt, if ctx has ended.
func verifyError(ctx context.Context, err error) error {
	var coded exitError
	switch {
	case ctx.Err() != nil:
		return errSignal
	case errors.As(err, &coded) || rehearsal.KindOf(err) != 0:
		return err
	}
	return exitError{exitScenario, err}
}
