// Command merge measures what joining many shards costs: it makes up the run directories
// of so many shards and seconds, has them merged by a rehearse, and says how much
// processor time and memory that took.
//
//	go run ./.ci/merge                         100 shards of an hour, 50 requests/s each
//	go run ./.ci/merge -shards 10 -seconds 600
//	go run ./.ci/merge -rehearse FILE          a rehearse that was built before
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/results/rundir"
)

// A load is what the shards are made up of.
type load struct {
	shards, seconds int
	rate            int // requests a second of each shard
	batch           int // events a request
	refused         int // one in so many requests is refused; 0: none
}

func main() {
	var l load
	flag.IntVar(&l.shards, "shards", 100, "`N` shards")
	flag.IntVar(&l.seconds, "seconds", 3600, "how long each run lasted, in `SECONDS`")
	flag.IntVar(&l.rate, "rate", 50, "`N` requests a second of each shard")
	flag.IntVar(&l.batch, "batch", 50, "`N` events a request")
	flag.IntVar(&l.refused, "refused", 0, "one in `N` requests is refused; 0: none")
	rehearse := flag.String("rehearse", "", "the `FILE` that merges (default: it is built)")
	dir := flag.String("dir", "", "use the shards in `DIR`, made here before, or make them there (default: made and removed)")
	profile := flag.Bool("keep", false, "leave the merged run")
	flag.Parse()
	if err := run(l, *rehearse, *dir, *profile); err != nil {
		fmt.Fprintln(os.Stderr, "merge:", err)
		os.Exit(1)
	}
}

// run makes the shards and merges them.
func run(l load, rehearse, dir string, keep bool) error {
	temp, err := os.MkdirTemp("", "merge")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	if dir == "" {
		dir = filepath.Join(temp, "shards")
	}
	if rehearse == "" {
		rehearse = filepath.Join(temp, "rehearse")
		if out, err := exec.Command("go", "build", "-o", rehearse, "./cmd/rehearse").CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
	}
	whole := filepath.Join(temp, "whole")
	if keep {
		whole = filepath.Clean(dir) + "-whole"
	}
	args := []string{"merge", "-o", whole}
	for i := range l.shards {
		path := filepath.Join(dir, strconv.Itoa(i))
		args = append(args, path)
		if _, err := os.Stat(path); err == nil {
			continue
		}
		if err := l.makeShard(path, i); err != nil {
			return err
		}
	}
	return measure(l, exec.Command(rehearse, args...))
}

// measure runs the merge and says what it took.
func measure(l load, c *exec.Cmd) error {
	began := time.Now()
	out, err := c.CombinedOutput()
	if code := c.ProcessState.ExitCode(); code != 0 && code != 99 {
		return fmt.Errorf("%w: %s", err, out[max(len(out)-2000, 0):])
	}
	took := time.Since(began)
	usage := c.ProcessState.SysUsage().(*syscall.Rusage)
	cpu := c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	hours := float64(l.shards) * float64(l.seconds) / 3600
	fmt.Printf("%d shards of %d s, %d requests/s each: %.1f s, %.1f s of CPU (%.2f s a shard-hour), %d MB at most\n",
		l.shards, l.seconds, l.rate, took.Seconds(), cpu.Seconds(), cpu.Seconds()/hours, usage.Maxrss>>10)
	return nil
}

// makeShard writes the directory of one shard.
func (l load) makeShard(path string, index int) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	requests := int64(l.rate * l.seconds)
	whole := requests * int64(l.shards)
	d, err := rundir.Create(path, results.Manifest{
		RunID: "made-up", Scenario: "made-up", Seed: 7, Target: "http://127.0.0.1:1/",
		StartedAt: time.Unix(1_800_000_000, 0), ScenarioYAML: []byte("name: made-up\n"),
		Shard: results.Shard{Index: index, Of: l.shards}, Joined: results.Joined{Generator: &results.Generator{}},
		Planned: results.Planned{Events: requests * int64(l.batch), Requests: requests,
			PeakEvents: float64(l.rate * l.batch), Whole: whole * int64(l.batch), WholeRequests: whole},
	})
	if err != nil {
		return err
	}
	recorder, random := results.NewRecorder(1), rand.New(rand.NewPCG(uint64(index), 1))
	for second := range l.seconds {
		for i := range l.rate {
			o := l.outcome(int64(second*l.rate+i), index, random)
			recorder.Sender(0).Record(&o)
		}
		iv := recorder.Tick(time.Duration(second+1)*time.Second, results.Count{})
		iv.Target = float64(l.rate * l.batch)
		if err := d.Write(iv); err != nil {
			return err
		}
	}
	_, err = d.Close(results.Final{Ended: results.Completed})
	return err
}

// outcome is that of request n of a shard.
func (l load) outcome(n int64, index int, random *rand.Rand) results.Outcome {
	due := time.Duration(n) * time.Second / time.Duration(l.rate)
	sent := due + time.Duration(random.ExpFloat64()*float64(200*time.Microsecond))
	o := results.Outcome{
		First: (n*int64(l.shards) + int64(index)) * int64(l.batch), Events: int64(l.batch), Due: due, Sent: sent,
		Done:   sent + time.Duration(random.ExpFloat64()*float64(8*time.Millisecond)),
		Reason: capture.Accepted, Status: 200, BodyBytes: 17_500, WireBytes: 3_500,
	}
	if l.refused > 0 && random.IntN(l.refused) == 0 {
		o.Reason, o.Status = capture.RateLimited, 429
	}
	return o
}
