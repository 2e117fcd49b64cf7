package rundir

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/results/runtest"
)

// logOf is the log of as many intervals as counts, each of a second and with so
// many requests.
func logOf(t testing.TB, counts ...int) string {
	t.Helper()
	var log bytes.Buffer
	log.WriteString(hlogHeader(time.UnixMilli(1_796_115_600_250)))
	r := results.NewRecorder(1)
	var w hlogWriter
	for second, count := range counts {
		for i := range count {
			o := runtest.Outcome(i, capture.Accepted, 200)
			r.Sender(0).Record(&o)
		}
		if err := w.add(&log, r.Tick(time.Duration(second+1)*time.Second, results.Count{})); err != nil {
			t.Fatal(err)
		}
	}
	return log.String()
}

func TestHlogText(t *testing.T) {
	t.Parallel()
	lines := strings.Split(logOf(t, 0, 3), "\n")
	for i, want := range []string{
		"#[Histogram log format version 1.3]",
		"#[Values are in microseconds, Interval_Max in milliseconds]",
		"#[StartTime: 1796115600.250 (seconds since epoch), 2026-12-01T09:00:00Z]",
		"#[BaseTime: 1796115600.250 (seconds since epoch)]",
		`"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"`,
		"Tag=latency,0.000,1.000,0.000,HISTFAAA",
		"Tag=service,0.000,1.000,0.000,HISTFAAA",
		"Tag=lag,0.000,1.000,0.000,HISTFAAA",
		"Tag=latency,1.000,1.000,5.003,HISTFAAA",
		"Tag=service,1.000,1.000,5.003,HISTFAAA",
		"Tag=lag,1.000,1.000,0.000,HISTFAAA",
		"Tag=latency." + capture.Accepted.String() + ",1.000,1.000,5.003,HISTFAAA",
	} {
		if !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d %q, want %q", i+1, lines[i], want)
		}
	}
}

func TestHlogUntil(t *testing.T) {
	t.Parallel()
	log := logOf(t, 1, 2, 4)
	for until, want := range map[time.Duration]int64{
		time.Second: 1, 2 * time.Second: 3, 2500 * time.Millisecond: 7, 3 * time.Second: 7,
	} {
		got, err := readHlog(strings.NewReader(log), until)
		if err != nil || got[tagLatency].Count() != want {
			t.Errorf("until %v: %d latencies, error %v, want %d", until, got[tagLatency].Count(), err, want)
		}
	}
}

func TestHlogCutAnywhere(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	log := logOf(t, 5, 5)
	for cut := range log {
		got, err := readHlog(strings.NewReader(log[:cut]), time.Hour)
		whole := log[:strings.LastIndexByte(log[:cut], '\n')+1]
		if clean := len(whole) == cut; clean != (err == nil) || !clean && !errors.Is(err, ErrTorn) {
			t.Fatalf("cut at %d: error %v", cut, err)
		}
		if n, want := len(got), min(strings.Count(whole, "Tag="), 4); n != want {
			t.Errorf("cut at %d: %d tags, want %d", cut, n, want)
		}
	}
}

// The log of a day has few enough intervals, and that of ten minutes one a second.
func TestHlogWidens(t *testing.T) {
	t.Parallel()
	lines, from := 0, time.Duration(0)
	for second := range 24 * 3600 {
		to := time.Duration(second+1) * time.Second
		if wideEnough(from, to) {
			lines, from = lines+1, to
		}
		if second == 599 && lines != 600 {
			t.Errorf("%d intervals in the first ten minutes, want one a second", lines)
		}
	}
	if lines < 3000 || lines > 4000 { // 600 + 600·ln(86,400/600) = 3,582
		t.Errorf("%d intervals in a day", lines)
	}
}

// What waits for a line to be wide enough is written at the end.
func TestHlogKeepsWhatWaits(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	var w hlogWriter
	iv := results.NewInterval()
	o := runtest.Outcome(0, capture.Accepted, 200)
	iv.Tally.Record(&o)
	for second := range 5 { // at two hours a line takes twelve seconds
		iv.From, iv.To = 2*time.Hour+time.Duration(second)*time.Second, 2*time.Hour+time.Duration(second+1)*time.Second
		if err := w.add(&log, iv); err != nil || log.Len() > 0 {
			t.Fatalf("%d bytes after %d seconds, error %v", log.Len(), second+1, err)
		}
	}
	if err := w.flush(&log); err != nil {
		t.Fatal(err)
	}
	got, err := readHlog(&log, 3*time.Hour)
	if err != nil || got[tagLatency].Count() != 5 {
		t.Errorf("%d latencies, error %v, want 5", got[tagLatency].Count(), err)
	}
}

func TestHlogRefuses(t *testing.T) {
	t.Parallel()
	coarse, err := hdrhistogram.New(1, 1000, 2).EncodeV2()
	if err != nil {
		t.Fatal(err)
	}
	line := logOf(t, 1)
	line = line[strings.Index(line, "Tag="):]
	line = line[strings.Index(line, ",0.000"):strings.Index(line, "\n")]
	var tags strings.Builder
	for i := range maxTags + 1 {
		fmt.Fprintf(&tags, "Tag=t%d%s\n", i, line)
	}
	for _, c := range []struct{ name, text, want string }{
		{"too few fields", "Tag=latency,0,1\n", "3 fields in a line, want 5"},
		{"a word for a number", "Tag=latency,soon,1,1,x\n", `start "soon" is no number`},
		{"a word for a length", "Tag=latency,0,long,1,x\n", `length "long" is no number`},
		{"no histogram", "Tag=latency,0,1,1,SElT\n", "not a compressed histogram"},
		{"another resolution", fmt.Sprintf("Tag=latency,0,1,1,%s\n", coarse), "a histogram of another resolution"},
		{"too many tags", tags.String(), "more than 128 tags"},
	} {
		if _, err := readHlog(strings.NewReader(c.text), time.Hour); err == nil ||
			!strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

func FuzzReadHlog(f *testing.F) {
	f.Add(logOf(f, 1, 0, 3))
	f.Add("Tag=latency,0.000,1.000,5.003,HISTFAAA\n")
	f.Fuzz(func(t *testing.T, log string) {
		merged, _ := readHlog(strings.NewReader(log), time.Hour)
		for tag, h := range merged {
			if h.Count() < 0 || h.Max() < 0 {
				t.Fatalf("%q has %d durations up to %v", tag, h.Count(), h.Max())
			}
		}
	})
}
