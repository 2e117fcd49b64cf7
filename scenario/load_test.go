package scenario

import (
	"errors"
	"flag"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rehearse/scenario/schedule"
	"rehearse/scenario/strict"
)

var update = flag.Bool("update", false, "rewrite golden files")

// minimal is the shortest scenario that synthesizes.
const minimal = "name: a\nload: {profile: 'const(10, 1s)'}\ntraffic: {}\n"

func parse(t testing.TB, text string, set ...string) *Scenario {
	t.Helper()
	s, err := Parse("a.yaml", []byte(text), Options{Set: set})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return s
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"mistakes", "contradictions", "syntax"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join("testdata", name+".yaml"))
			if err != nil {
				t.Fatal(err)
			}
			_, err = Parse(name+".yaml", text, Options{Dir: "testdata"})
			var all strict.Errors
			if !errors.As(err, &all) {
				t.Fatalf("error is %T, want Errors", err)
			}
			golden := filepath.Join("testdata", name+".golden")
			got := err.Error() + "\n"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("mistakes differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFiveMistakesAreFiveErrors(t *testing.T) {
	t.Parallel()
	const text = `name: five
target: {url: "ftp://x", timeout: fast}
load: {profile: "const(5k, 1m)", arrivals: evn}
batching: {events: 0}
traffic: {sed: 1}
`
	_, err := Parse("five.yaml", []byte(text), Options{})
	var all strict.Errors
	if !errors.As(err, &all) || len(all) != 5 {
		t.Fatalf("%d errors, want 5:\n%v", len(all), err)
	}
	for _, e := range all {
		if e.File != "five.yaml" || e.Line == 0 || e.Col == 0 || e.Path == "" {
			t.Errorf("%+v has no place", e)
		}
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	got := parse(t, minimal)
	want := &Scenario{
		Description: Description{Name: "a"},
		Target: Target{
			Endpoint: EndpointBatch, Token: strict.NewSecret("phc_rehearsal"), Compression: CompressionGzip,
			Connections: 64, Timeout: 15 * time.Second,
		},
		Load:     Offered{Arrivals: schedule.Even, Late: LateQueue},
		Batching: Batching{MinEvents: 100, MaxEvents: 100, Bytes: 5_000_000},
		Traffic: &Traffic{
			Seed: 1, DistinctIDs: Population{Count: 1_000_000, Skew: 1, Style: StyleOpaque}, Visits: Visits{Events: 1},
			Events: []EventShare{{Name: "$pageview", Weight: 1, From: FromBrowser}}, Timestamps: Timestamps{Now: true},
		},
		Retry: RetryNone,
	}
	compare(t, got, want)
	if got.Load.Curve.Total() != 10 {
		t.Errorf("Total = %d, want 10", got.Load.Curve.Total())
	}
}

// compare compares everything but the profile with its stages and the copy of the file.
func compare(t *testing.T, got, want *Scenario) {
	t.Helper()
	if diff := cmp.Diff(want, got,
		cmpopts.IgnoreUnexported(Scenario{}), cmp.AllowUnexported(strict.Secret{}),
		cmpopts.IgnoreFields(Offered{}, "Curve", "Stages"),
	); diff != "" {
		t.Errorf("scenario differs (-want +got):\n%s", diff)
	}
}

func TestEveryField(t *testing.T) {
	t.Parallel()
	got, err := Load("testdata/every.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := &Scenario{
		Description: Description{
			Name:     "every-field",
			About:    "two\nlines\n",
			Customer: "Acme",
			Contact:  "data@acme.example",
			Intake: Intake{
				Committed: Yes, Starts: time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC), Overlap: No, Apps: Yes,
				Unanswered: []Question{AskHottestIDs, AskRamp},
			},
		},
		Target: Target{
			URL: "https://capture.example:8443/prefix", Endpoint: EndpointBatch, Token: strict.NewSecret("phc_every"),
			Compression: CompressionNone, HistoricalMigration: true, Connections: 10_000,
			Timeout: 1500 * time.Millisecond,
		},
		Load:     Offered{Arrivals: schedule.Poisson, Late: LateSkip},
		Batching: Batching{MinEvents: 20, MaxEvents: 1000, Bytes: 1 << 20, Age: 2 * time.Second},
		Traffic:  everyTraffic(),
		Retry:    RetryNone,
		Rules: Rules{Thresholds: []Threshold{
			{Text: "p99 < 500ms", Metric: Metric{Name: "latency", Quantile: 0.99}, Op: "<", Value: 500},
			{Text: "rejected(5xx) == 0", Metric: Metric{Name: "rejected", Status: "5xx"}, Op: "=="},
		}},
	}
	if !got.Intake.Starts.Equal(want.Intake.Starts) {
		t.Errorf("starts at %v, want %v", got.Intake.Starts, want.Intake.Starts)
	}
	got.Intake.Starts = want.Intake.Starts
	compare(t, got, want)
	if got.File() != "testdata/every.yaml" {
		t.Errorf("File() = %q", got.File())
	}
	if p, want := got.Load.Curve.String(), "line(0/s, 1000/s, 1m) const(500/s, 1d)"; p != want {
		t.Errorf("profile %q, want %q", p, want)
	}
}

func TestCaptureTakesOneEventARequest(t *testing.T) {
	t.Parallel()
	s := parse(t, minimal, "target.endpoint=capture")
	if s.Batching.MinEvents != 1 || s.Batching.MaxEvents != 1 {
		t.Errorf("batching is %+v, want one event", s.Batching)
	}
}

func TestManyMistakesAreCutOff(t *testing.T) {
	t.Parallel()
	_, err := Parse("a.yaml", []byte(minimal+"thresholds: ["+strings.Repeat("x,", 1000)+"]\n"), Options{})
	var all strict.Errors
	if !errors.As(err, &all) || len(all) != 101 || all[100].What != "900 more mistakes" {
		t.Errorf("%d errors, the last is %v", len(all), all[len(all)-1])
	}
}

// TestAliases checks that aliases work and that one that holds itself does no harm.
func TestAliases(t *testing.T) {
	t.Parallel()
	s := parse(t, "name: &n a\ncustomer: *n\nload: {profile: 'const(10, 1s)'}\ntraffic: {}\n")
	if s.Customer != "a" {
		t.Errorf("customer is %q, want a", s.Customer)
	}
	for _, text := range []string{
		"name: a\nload: {stages: &s [*s]}\ntraffic: {}\n",
		"name: a\nload: &l {profile: *l, stages: *l}\ntraffic: {}\n",
		"&r name: a\n? *r\n: b\n",
		"name: a\n<<: {load: {}}\n",
	} {
		if _, err := Parse("a.yaml", []byte(text), Options{}); err == nil {
			t.Errorf("%q passed", text)
		}
	}
}

// TestDocExample loads the file that the package's documentation shows.
func TestDocExample(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(file.Doc.Text(), "\n\tname:")
	example, _, found := strings.Cut("\tname:"+after, "\nIts fields")
	if !found {
		t.Fatal("doc.go shows no example")
	}
	s := parse(t, strings.ReplaceAll(example, "\n\t", "\n")[1:])
	if want := int64(1_500_000 + 9_000_000 + 150_000); s.Load.Curve.Total() != want {
		t.Errorf("the example offers %d events, want %d", s.Load.Curve.Total(), want)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"mistakes", "contradictions", "syntax", "every", "replay"} {
		text, err := os.ReadFile(filepath.Join("testdata", name+".yaml"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), "traffic.seed=1")
	}
	f.Add(minimal, "load.profile=line(0, 10, 1s)")
	f.Add("a: &a [*a, *a]\nb: {<<: *a}", "a=[1]")
	f.Fuzz(func(t *testing.T, text, set string) {
		// Patterns of files would let the fuzzer roam the disk.
		if strings.ContainsAny(text+set, "*/\\") {
			return
		}
		s, err := Parse("a.yaml", []byte(text), Options{Set: []string{set}, Dir: t.TempDir()})
		var all strict.Errors
		switch {
		case err == nil && (s.Name == "" || s.SHA256() == "" || (s.Traffic == nil) == (s.Replay == nil)):
			t.Errorf("accepted %+v", s)
		case err != nil && (!errors.As(err, &all) || len(all) == 0):
			t.Errorf("error is %T", err)
		}
	})
}

// TestReplayAge: in its own rhythm, an event of a replay waits a second for others
// for a default time, or as long as it is told to.
func TestReplayAge(t *testing.T) {
	t.Parallel()
	for more, want := range map[string]time.Duration{
		"replay: {files: ['-']}\n":                                                    time.Second,
		"replay: {files: ['-']}\nbatching: {age: 0}\n":                                0,
		"replay: {files: ['-']}\nbatching: {age: 3s, events: 7}\n":                    3 * time.Second,
		"replay: {files: ['-'], clock: profile}\nload: {profile: \"const(1, 1s)\"}\n": 0,
		"traffic: {}\nload: {profile: \"const(1, 1s)\"}\n":                            0,
	} {
		s, err := Parse("a.yaml", []byte("name: a\n"+more), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if s.Batching.Age != want {
			t.Errorf("%q: a batch is closed after %v, want %v", more, s.Batching.Age, want)
		}
	}
}

// TestFollowRows: rows that say how long they last are played as long, or faster; every
// has nothing to say about them.
func TestFollowRows(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.csv"), []byte("period,count,long\n0,60,10\n10,5,1\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	load := func(more string) (*Scenario, error) {
		text := "name: a\nload: {follow: {file: a.csv, seconds: long" + more + "}}\ntraffic: {}\n"
		return Parse("a.yaml", []byte(text), Options{Dir: dir})
	}
	for more, want := range map[string][]schedule.Stage{
		"": {{From: 6, To: 6, Over: 10 * time.Second}, {From: 5, To: 5, Over: time.Second}},
		", speed: 4, scale: 2": {{From: 48, To: 48, Over: 2500 * time.Millisecond},
			{From: 40, To: 40, Over: 250 * time.Millisecond}},
	} {
		s, err := load(more)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, s.Load.Curve.Stages()); diff != "" {
			t.Errorf("%q (-want +got):\n%s", more, diff)
		}
	}
	if _, err := load(", every: 2s"); err == nil ||
		!strings.Contains(err.Error(), "load.follow.every: given beside seconds") {
		t.Errorf("every beside seconds: %v", err)
	}
}

// TestWhere: the place of a field, or of the nearest one around it.
func TestWhere(t *testing.T) {
	t.Parallel()
	s, err := Parse("a.yaml", []byte("name: a\nload:\n  profile: const(10, 1s)\ntraffic: {seed: 7}\n"),
		Options{Set: []string{"batching.events=5"}})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"load.profile": "a.yaml:3:3", "traffic.seed": "a.yaml:4:11", "traffic.faults.invalid": "a.yaml:4:1",
		"batching.events": "--set", "intake.apps": "a.yaml:1:1",
	} {
		if got := s.Where(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	if s.Gives("traffic.faults") || !s.Gives("traffic.seed") {
		t.Error("what is given is not what the file gives")
	}
}
