package generator

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"rehearse/generator/body"
	"rehearse/generator/source"
	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/scenario"
	"rehearse/staging"
)

// longReplay is a recording of 1200 events over two minutes.
func longReplay(t *testing.T) *scenario.Scenario {
	t.Helper()
	var text strings.Builder
	for i := range 1200 {
		fmt.Fprintf(&text, `{"e":"a","d":"user-%d","t":%d,"properties":{"n":%d,"filler":"%s"}}`+"\n", i*i%97, 1767225600000+i*100, i, strings.Repeat("x", i%400))
	}
	return replayOf(t, "a", text.String(), "target: {connections: 6, compression: none}\nbatching: {events: 30, bytes: 4kB, age: 2s}\n")
}

// TestResume: a replay that is interrupted at ten random points, and resumed each
// time, sends every event exactly once, under the same number each time.
func TestResume(t *testing.T) {
	t.Parallel()
	s := longReplay(t)
	random := rand.New(rand.NewPCG(3, 4))
	var accepted []results.Range
	times := map[string]int{}
	all := int64(0)
	for round := 0; ; round++ {
		left, plan, err := opened(s, source.Part{Resumes: &source.Resumption{Accepted: accepted}})
		if err != nil && strings.Contains(err.Error(), "nothing is left to send") {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		all = plan.Whole.Events
		before := sum(accepted)
		if plan.Events != plan.Whole.Events-before {
			t.Fatalf("round %d: %d events are left of %d, of which %d were accepted", round, plan.Events, plan.Whole.Events, before)
		}
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			var decoder capture.Decoder
			r := stageRun{scenario: s, source: left, plan: plan, endpoint: staging.Config{
				Delay: 20 * time.Millisecond,
				Observe: func(q *capture.Request, _ int) {
					mu.Lock()
					defer mu.Unlock()
					if got, err := decoder.Decode(q); err == nil {
						for _, e := range got.Events {
							times[e.UUID.String()]++
						}
					}
				},
			}}
			if round < 10 {
				ctx, stop := context.WithTimeout(t.Context(), time.Duration(random.Int64N(int64(12*time.Second))))
				defer stop()
				r.soft = ctx
			}
			r.run(t)
			for _, l := range r.ledger {
				if l.Fate == capture.FateAccepted {
					accepted = append(accepted, l)
				}
			}
			var counted int64
			for _, fate := range r.total.Fates {
				counted += fate.Events
			}
			if counted != plan.Events {
				t.Errorf("round %d: %d events accounted for of %d", round, counted, plan.Events)
			}
		})
		if round > 20 {
			t.Fatal("it never ends")
		}
	}
	for uuid := range maps.Keys(times) {
		if times[uuid] != 1 {
			t.Errorf("event %s arrived %d times", uuid, times[uuid])
		}
	}
	if len(times) != 1200 || all != 1200 {
		t.Errorf("%d different events arrived of %d", len(times), all)
	}
}

// sum is how many events the ranges hold, which do not overlap.
func sum(ranges []results.Range) (n int64) {
	for _, r := range ranges {
		n += r.Count
	}
	return n
}

// TestChangedRecording: what happens to a recording after it was read to plan the run.
// What is appended is not sent, and of one that was cut off, replaced or removed it is
// said.
func TestChangedRecording(t *testing.T) {
	t.Parallel()
	const line = `{"e":"late","d":"user-0","t":1767225600000,"properties":{}}` + "\n"
	for _, c := range []struct {
		name   string
		change func(path string) error
		want   string // of the error
	}{
		{"grown", func(path string) error { return writeTo(path, strings.Repeat(line, 100), os.O_APPEND) }, "EOF"},
		{"cut off", func(path string) error { return os.Truncate(path, 1000) }, "1000 bytes now and had"},
		{"replaced", func(path string) error {
			return errors.Join(os.WriteFile(path+"2", []byte(line), 0o600), os.Rename(path+"2", path))
		}, "another file has taken its place"},
		{"removed", os.Remove, "no such file"},
	} {
		s := longReplay(t)
		source, plan, err := opened(s, source.Part{})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.change(s.Replay.Paths[0]); err != nil {
			t.Fatal(err)
		}
		dealt := int64(0)
		for b := new(body.Batch); err == nil; b.Reset() {
			if err = source.Next(b); err == nil {
				dealt += b.Events
			}
		}
		if !strings.Contains(err.Error(), c.want) || (dealt == plan.Events) != (c.want == "EOF") {
			t.Errorf("%s: %d events of %d, and the error %v, want %q", c.name, dealt, plan.Events, err, c.want)
		}
	}
}

// TestBooksOfAChangedRecording: what a recording lacks that it had when the run was
// planned is unsent, and the run says why.
func TestBooksOfAChangedRecording(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(path string) error{
		"no such file": os.Remove,
		"events early": func(path string) error { return writeTo(path, strings.Repeat("#", 1000), 0) },
	} {
		s := longReplay(t)
		source, plan, err := opened(s, source.Part{})
		if err != nil {
			t.Fatal(err)
		}
		if err := change(s.Replay.Paths[0]); err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			r := stageRun{scenario: s, source: source, plan: plan}
			r.run(t)
			fates := r.balance(t)
			if err := r.summary.SourceErr; err == nil || !strings.Contains(err.Error(), want) || fates[capture.FateUnsent].Events == 0 {
				t.Errorf("the source's error is %v, want %q; %+v", err, want, fates)
			}
		})
	}
}

// writeTo writes text to a file as it lies there: at its end with os.O_APPEND, else
// over its beginning.
func writeTo(path, text string, flag int) error {
	file, err := os.OpenFile(path, os.O_WRONLY|flag, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}
