// Command same holds a merged run against its shards, and against one run that was not
// divided:
//
//	same -whole DIR -single DIR -arrivals FILE SHARD-DIR...
//
// The histograms of the whole must have, bucket for bucket, the requests of the
// shards; its books, bodies and events by name must be those of the single run.
// FILE is what "stage --record" wrote of the merged run: it tells how far apart the
// shards began. -spread is how far they may be.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"time"

	"rehearse/results"
	"rehearse/results/rundir"
)

func main() {
	whole := flag.String("whole", "", "the merged run, a `DIR`")
	single := flag.String("single", "", "the run of one process, a `DIR`")
	arrivals := flag.String("arrivals", "", "the requests of the merged run, a `FILE` of stage --record")
	spread := flag.Duration("spread", 0, "an error if the shards began further apart than this `DURATION`; 0: no bound")
	flag.Parse()
	if err := run(*whole, *single, *arrivals, *spread, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "same:", err)
		os.Exit(1)
	}
}

// run compares.
func run(whole, single, arrivals string, spread time.Duration, shards []string) error {
	all, err := open(whole)
	if err != nil {
		return err
	}
	one, err := open(single)
	if err != nil {
		return err
	}
	var parts []*rundir.Run
	for _, dir := range shards {
		p, err := open(dir)
		if err != nil {
			return err
		}
		parts = append(parts, p)
	}
	if err := errors.Join(sameBuckets(all, parts), sameBooks(all.Result, one.Result)); err != nil {
		return err
	}
	if arrivals == "" {
		return nil
	}
	return began(all.Result, arrivals, len(shards), spread)
}

// open opens a run directory that can be read whole.
func open(dir string) (*rundir.Run, error) {
	r, err := rundir.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return r, nil
}

// A key is a bucket of one kind of histogram.
type key struct {
	tag string
	at  time.Duration
}

// count adds the requests of a run to buckets, but for what would have been without
// stalls: a shard that had none in an interval does not write that down.
func count(r *rundir.Run, into map[key]int64) error {
	for line, err := range r.Histograms() {
		if err != nil {
			return err
		}
		if _, best := line.AtBest(); best {
			continue
		}
		for _, b := range line.Bars {
			into[key{line.Tag, b.From}] += b.Count
		}
	}
	return nil
}

// sameBuckets is an error unless the whole has what its shards have.
func sameBuckets(whole *rundir.Run, shards []*rundir.Run) error {
	got, want := map[key]int64{}, map[key]int64{}
	err := count(whole, got)
	for _, s := range shards {
		err = errors.Join(err, count(s, want))
	}
	if err != nil {
		return err
	}
	requests := int64(0)
	for k, n := range want {
		if got[k] != n {
			return fmt.Errorf("%s, from %v on: %d requests in the whole, %d in its shards", k.tag, k.at, got[k], n)
		}
		requests += n
	}
	if !maps.Equal(got, want) {
		return fmt.Errorf("the whole has %d buckets, its shards %d", len(got), len(want))
	}
	fmt.Printf("%d buckets with %d counts are the sums of those of %d shards\n", len(want), requests, len(shards))
	return nil
}

// sameBooks is an error unless two runs sent the same and had the same answers.
func sameBooks(whole, single *results.Result) error {
	for _, c := range []struct {
		name      string
		got, want any
	}{
		{"planned events", whole.Planned.Events, single.Planned.Events},
		{"planned requests", whole.Planned.Requests, single.Planned.Requests},
		{"requests", whole.Requests, single.Requests},
		{"events", whole.Events, single.Events},
		{"bytes of bodies", whole.Bytes.Body, single.Bytes.Body},
		{"rejections", whole.Rejections, single.Rejections},
		{"events by name", whole.Breakdown, single.Breakdown},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			return fmt.Errorf("%s: %+v of the whole, %+v of the single run", c.name, c.got, c.want)
		}
	}
	fmt.Printf("the books are those of the single run: %d events in %d requests, %d bytes of bodies\n",
		single.Events.Accepted, single.Requests.Accepted, single.Bytes.Body)
	return nil
}

// began says how far apart the shards began: batch k is that of shard k mod N, and due
// k intervals after the start.
func began(whole *results.Result, arrivals string, shards int, within time.Duration) error {
	start, err := whole.Run.Start()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(arrivals)
	if err != nil {
		return err
	}
	every := time.Duration(whole.Stages[0].To / float64(whole.Planned.Requests) * float64(time.Second))
	var first, last time.Duration
	in := bufio.NewScanner(bytes.NewReader(text))
	in.Buffer(nil, 16<<20)
	for k := range shards {
		var request struct{ Now time.Time }
		if !in.Scan() {
			return fmt.Errorf("%s has %d requests, fewer than there are shards", arrivals, k)
		}
		if err := json.Unmarshal(in.Bytes(), &request); err != nil {
			return err
		}
		after := request.Now.Sub(start) - time.Duration(k)*every
		if k == 0 || after < first {
			first = after
		}
		last = max(last, after)
	}
	fmt.Printf("the first requests of the shards came %v to %v after they were due: a spread of %v\n",
		first, last, last-first)
	if within > 0 && last-first > within {
		return fmt.Errorf("the shards began further apart than %v", within)
	}
	return nil
}
