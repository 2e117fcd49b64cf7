package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rehearse/generator/source"
	"rehearse/internal/learn"
	"rehearse/scenario"
)

const activity = "../../scenarios/recordings/activity-2015-02-22-21.json.gz"

// profiled runs rehearse profile on an export and returns what it learned.
func profiled(t *testing.T, args ...string) *learn.Profile {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(append([]string{"profile", "--json"}, args...),
		env{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr})
	if code != exitPass {
		t.Fatalf("exit %d: %s", code, stderr.String())
	}
	var p learn.Profile
	if err := json.Unmarshal(stdout.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	return &p
}

// near checks a number against another, by a part of it.
func near(t *testing.T, what string, got, want, part float64) {
	t.Helper()
	if math.Abs(got-want) > part*want {
		t.Errorf("%s is %.4f, want %.4f within %.0f %%", what, got, want, 100*part)
	}
}

// synthesized writes the events of a scenario to a file, as an export has them.
func synthesized(t *testing.T, path string, set ...string) string {
	t.Helper()
	s, err := scenario.LoadWith(path, scenario.Options{Set: set})
	if err != nil {
		t.Fatal(err)
	}
	export := filepath.Join(t.TempDir(), "again.jsonl")
	file, err := os.Create(export)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	out := bufio.NewWriter(file)
	if err := source.Sample(out, s, time.Unix(1_699_999_200, 0), 0, math.MaxInt32); err != nil {
		t.Fatal(err)
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	return export
}

// TestProfileOfDirtyTraffic: traffic with merges of all kinds, duplicates and
// disorder, hot ids that leave little room among them, synthesized from its
// profile, has its profile.
func TestProfileOfDirtyTraffic(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	for name, traffic := range map[string]string{
		"late merges": `
  distinct_ids: {count: 20k, skew: 0.8, hot: [{share: 4%}, {share: 2%}]}
  events: {$pageview: 80, buy: 15, $identify: 4, $create_alias: 1}
  merges: {delay: {p50: 20s, p90: 2m}}`,
		"all kinds of merges": `
  distinct_ids: {count: 5k, skew: 1.1, hot: [{share: 8%}]}
  events: {$pageview: 70, buy: 20, $identify: 10}
  merges: {reused: 10%, chains: 8%, fan_in: 5%}
  timestamps: {disorder: 40ms}
  faults: {duplicates: 2%, merges_out_of_order: 20%}`,
		"little room": `
  distinct_ids: {count: 40, skew: 0.3, hot: [{share: 30%}, {share: 20%}, {share: 8%}]}
  events: {$pageview: 80, $identify: 20}
  faults: {duplicates: 1%}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path, learned := filepath.Join(dir, "s.yaml"), filepath.Join(dir, "learned.yaml")
			write(t, path, "name: a\nload: {profile: 'line(0, 100, 1m) const(100, 6m) line(100, 0, 1m)'}\ntraffic:"+
				traffic+"\n")
			was := profiled(t, synthesized(t, path), "-o", learned)
			is := profiled(t, synthesized(t, learned))
			compareProfiles(t, was, is)
			near(t, "the share of merges", is.Merges.Share, was.Merges.Share, 0.05)
			if was.Synthesis.Delay.P50 > 0 {
				near(t, "half of the delays", is.Merges.DelaySeconds.P50, was.Merges.DelaySeconds.P50, 0.1)
				near(t, "nine in ten of the delays", is.Merges.DelaySeconds.P90, was.Merges.DelaySeconds.P90, 0.1)
				near(t, "half of the delays as foretold", was.Synthesis.Delay.ShownP50,
					was.Merges.DelaySeconds.P50, 0.02)
			} else if name != "little room" {
				t.Error("the delays are not synthesized")
			}
			for _, c := range []struct {
				what     string
				was, is  float64
				tolerant float64
			}{
				{"duplicates", float64(was.Duplicates) / float64(was.Events),
					float64(is.Duplicates) / float64(is.Events), 0.002},
				{"early merges", was.Merges.Early, is.Merges.Early, 0.03},
				{"reused ids", was.Merges.Reused, is.Merges.Reused, 0.03},
				{"chains", was.Merges.Chains, is.Merges.Chains, 0.03},
				{"fan-in", was.Merges.FanIn, is.Merges.FanIn, 0.03},
				{"disorder", float64(was.Disorder.Backward) / float64(was.Events),
					float64(is.Disorder.Backward) / float64(is.Events), 0.03},
			} {
				if math.Abs(c.was-c.is) > c.tolerant {
					t.Errorf("%s: %.4f, was %.4f", c.what, c.is, c.was)
				}
			}
		})
	}
}

// compareProfiles demands that a synthesis is what was asked for: exponent within
// 0.05, the busiest ids within 10 %, the mix within 1 %, peak to mean within 15 %.
func compareProfiles(t *testing.T, was, is *learn.Profile) {
	t.Helper()
	if is.Events != was.Events {
		t.Errorf("%d events were synthesized of %d", is.Events, was.Events)
	}
	if math.Abs(is.Skew-was.Skew) > 0.05 {
		t.Errorf("the skew is %.3f, was %.3f", is.Skew, was.Skew)
	}
	near(t, "the share of the busiest", is.Shares.Top1, was.Shares.Top1, 0.1)
	near(t, "the share of the busiest 20", is.Shares.Top20, was.Shares.Top20, 0.1)
	near(t, "the share of the busiest 1 %", is.Shares.TopPercent, was.Shares.TopPercent, 0.1)
	near(t, "the number of ids", float64(is.DistinctIDs), float64(was.DistinctIDs), 0.05)
	near(t, "the peak to mean", is.PeakToMean, was.PeakToMean, 0.15)
	for i, kind := range was.Types[:min(len(was.Types), 10)] {
		for _, other := range is.Types {
			if other.Name == kind.Name && math.Abs(other.Share-kind.Share) > 0.01 {
				t.Errorf("%d. %s has a share of %.4f, had %.4f", i, kind.Name, other.Share, kind.Share)
			}
		}
	}
}

// TestProfileSynthesizeProfile: an hour of real activity, synthesized from its
// profile, has the profile of the hour.
func TestProfileSynthesizeProfile(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	learned := filepath.Join(t.TempDir(), "learned.yaml")
	drawing := strings.Replace(learned, "yaml", "svg", 1)
	fields := []string{"--field", "event=type,distinct_id=actor,timestamp=dt,uuid=id"}
	was := profiled(t, append(fields, activity, "-o", learned, "-o", drawing)...)
	if was.Events != 29963 || was.Top[0] != 5132 || was.Types[0].Name != "push" || was.Segments[0].PeakSecond != 61 {
		t.Errorf("%d events, the busiest %d, %s first, peak %v: not as counted by hand", was.Events, was.Top[0],
			was.Types[0].Name, was.Segments[0].PeakSecond)
	}
	is := profiled(t, synthesized(t, learned))
	compareProfiles(t, was, is)
}

// TestProfileHoldsNoIDs: nothing that profile writes names an actor, or anything
// else of the events but their names.
func TestProfileHoldsNoIDs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	export := filepath.Join(dir, "export.jsonl")
	text := strings.Repeat(`{"event":"bought","distinct_id":"anna.schmidt@example.com",`+
		`"timestamp":"2026-01-01T00:00:00Z","properties":{"city":"Ulm-Wiblingen"}}
{"event":"$identify","distinct_id":"b.meier@example.com","timestamp":"2026-01-01T00:00:05Z",`+
		`"properties":{"$anon_distinct_id":"anna.schmidt@example.com"}}
`, 5) + "Ulm-Wiblingen is no event\n"
	if err := os.WriteFile(export, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	args := []string{"profile", export, "-o", filepath.Join(dir, "a.yaml"), "-o", filepath.Join(dir, "a.json"), "-o",
		filepath.Join(dir, "a.svg")}
	if code := run(args, env{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr}); code != exitPass {
		t.Fatalf("exit %d: %s", code, stderr.String())
	}
	written := stdout.String() + stderr.String()
	for _, name := range []string{"a.yaml", "a-rates.csv", "a.json", "a.svg"} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		written += string(content)
	}
	for _, secret := range []string{"anna", "schmidt", "meier", "example.com", "Wiblingen"} {
		if strings.Contains(written, secret) {
			t.Errorf("%q was written", secret)
		}
	}
	if !strings.Contains(stdout.String(), "merges         5 (50.000 % of the events), anonymous for p50 5 s") ||
		!strings.Contains(stdout.String(), "left out       1 lines: not a JSON object") {
		t.Errorf("the answers lack the merges or the bad line:\n%s", stdout.String())
	}
	if _, err := scenario.Load(filepath.Join(dir, "a.yaml")); err != nil {
		t.Error(err)
	}
}

// TestProfileOfCounts: the result of a query does instead of the data.
func TestProfileOfCounts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	counts, learned := filepath.Join(dir, "counts.csv"), filepath.Join(dir, "a.yaml")
	if err := os.WriteFile(counts, []byte("distinct_id,count\n\"a,b\",500\nc,90\nd,8\ne,1\nf,1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := profiled(t, "--top", counts, "-o", learned)
	if p.Events != 600 || p.DistinctIDs != 5 || p.Top[1] != 90 || p.Shares.Once != 0.4 {
		t.Errorf("%+v", p)
	}
	s, err := scenario.Load(learned)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "the number of events", float64(s.Load.Curve.Total()), 600, 0.01)
	near(t, "the share of the busiest", s.Traffic.DistinctIDs.Hot[0].Share, 500.0/600, 0.001)
}

// TestProfileUsage: what cannot be understood says so.
func TestProfileUsage(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	counts := filepath.Join(t.TempDir(), "counts.csv")
	write(t, counts, "distinct_id,count\na,9223372036854775807\nb,1\n")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{nil, exitUsage, "wants an export"},
		{[]string{activity, "--gap", "0s"}, exitUsage, "--gap 0s is no pause"},
		{[]string{"--top", counts}, exitScenario, "line 2: they come to more than 2^53 events"},
		{[]string{activity, "-o", "a.txt"}, exitUsage, "must end in .yaml"},
		{[]string{"nothing-here"}, exitScenario, "no file is"},
		{[]string{activity, "--format", "parquet"}, exitScenario, "no Parquet file"},
		{[]string{activity}, exitScenario, "no event that can be used; 29963 lines: no event name"},
	} {
		var stdout, stderr bytes.Buffer
		code := run(append([]string{"profile"}, c.args...),
			env{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr})
		if code != c.code || !strings.Contains(stderr.String(), c.want) {
			t.Errorf("%v: exit %d, %s", c.args, code, stderr.String())
		}
	}
}
