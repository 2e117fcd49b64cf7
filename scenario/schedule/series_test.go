package schedule

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// small are bounds that a test can reach.
var small = seriesBounds{1024, 10}

// usual are the columns where the scenario names none.
var usual = SeriesColumns{Period: "period", Count: "count"}

// TestSeriesColumns: columns of other names, among others and in another order.
func TestSeriesColumns(t *testing.T) {
	t.Parallel()
	const text = "site,events,hour\na,3600,2025-06-30 21:00:00\nb,7200,2025-06-30 22:00:00\n"
	s, err := parseSeries(strings.NewReader(text), SeriesColumns{Period: "hour", Count: "events"}, small)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Stage{{1, 1, time.Hour}, {2, 2, time.Hour}}, s.Stages(1, s.Spacing)); diff != "" {
		t.Error(diff)
	}
}

func TestSeries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		spacing    time.Duration
		want       []Stage // at the spacing, not scaled
	}{
		{"minutes", "period,count\n2025-06-30 21:30:00,60\n2025-06-30 21:31:00,30\n", time.Minute,
			[]Stage{{1, 1, time.Minute}, {0.5, 0.5, time.Minute}}},
		{"a gap of two hours is a pause",
			"period,count\n2025-06-30T21:00:00Z,3600\n2025-06-30T22:00:00Z,0\n2025-07-01T01:00:00Z,7200\n", time.Hour,
			[]Stage{{1, 1, time.Hour}, {0, 0, time.Hour}, {0, 0, 2 * time.Hour}, {2, 2, time.Hour}}},
		{"labels last a minute", "period,count\n1,6\n2,12\n", time.Minute,
			[]Stage{{0.1, 0.1, time.Minute}, {0.2, 0.2, time.Minute}}},
		{"days", "period, count\n2025-06-30, 86400\n2025-07-01, 864.0e2\n", 24 * time.Hour,
			[]Stage{{1, 1, 24 * time.Hour}, {1, 1, 24 * time.Hour}}},
		{"no rows", "period,count\n", time.Minute, nil},
	} {
		s, err := parseSeries(strings.NewReader(c.text), usual, small)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if s.Spacing != c.spacing {
			t.Errorf("%s: spacing = %v, want %v", c.name, s.Spacing, c.spacing)
		}
		if diff := cmp.Diff(c.want, s.Stages(1, s.Spacing)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestSeriesRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "no header",
		"a,b\n": "line 1: the header has no columns period and count (load.follow.period " +
			"and count name others)",
		"period,count\n1,2,3\n":                      "line 2",
		"period,count\n1,2\n2,x\n":                   `line 3: "x" is not a count`,
		"period,count\n1,-2\n":                       `line 2: "-2" is not a count`,
		"period,count\n1,NaN\n":                      `line 2: "NaN" is not a count`,
		"period,count\n1,1e999\n":                    `line 2: "1e999" is not a count`,
		"period,count\n2025-06-30,1\nx,1\n":          `line 3: "x" is not a time`,
		"period,count\n2025-06-30,1\n2025-06-30,1\n": "line 3: the period is not after",
		"period,count\n2025-06-30,1\n2025-06-29,1\n": "line 3: the period is not after",
		"period,count\n2025-06-30,1\n2025-07-01,1\n2025-07-02 12:00:00,1\n": "line 4: " +
			"the periods are not evenly spaced: the shortest is 1d",
		"period,count\n" + strings.Repeat("1,1\n", 11):            "more than 10 rows",
		"period,count\n\"" + strings.Repeat("x", 1024) + "\",1\n": "larger than 1KiB",
	} {
		_, err := parseSeries(strings.NewReader(text), usual, small)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %s", text, err, want)
		}
	}
}

func TestReadSeriesFiles(t *testing.T) {
	t.Parallel()
	plain, err := ReadSeries("../testdata/series.csv", usual)
	if err != nil {
		t.Fatal(err)
	}
	packed, err := ReadSeries("../testdata/series.csv.gz", usual)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plain.Stages(1, time.Minute), packed.Stages(1, time.Minute)); diff != "" {
		t.Errorf("gzip makes a difference:\n%s", diff)
	}
	whole, err := os.ReadFile("../testdata/series.csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(t.TempDir(), "broken.csv.gz")
	if err := os.WriteFile(broken, whole[:len(whole)-12], 0o666); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{broken, "../testdata", "../testdata/none.csv"} {
		if _, err := ReadSeries(path, usual); err == nil {
			t.Errorf("ReadSeries(%q) passed", path)
		}
	}
}

// TestSeriesGapThatNeverEnds checks that a gap of centuries is refused rather than wrapped around.
func TestSeriesGapThatNeverEnds(t *testing.T) {
	t.Parallel()
	s, err := parseSeries(strings.NewReader("period,count\n1900-01-01,1\n1900-01-02,1\n2100-01-01,1\n"), usual, small)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewCurve(s.Stages(1, 100*24*time.Hour)); err == nil {
		t.Error("a profile of 20,000 years passed")
	}
}

func FuzzSeries(f *testing.F) {
	f.Add([]byte("period,count\n2025-06-30 21:30:00,60\n2025-06-30 21:33:00,30\n"))
	f.Add([]byte("period,count\n1,6\n\"2\",1e3\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseSeries(bytes.NewReader(text), usual, small)
		if err != nil {
			return
		}
		p, err := NewCurve(s.Stages(1, s.Spacing))
		if err == nil && (p.Total() < 0 || p.Span() < 0) {
			t.Errorf("%d events over %v", p.Total(), p.Span())
		}
	})
}

// TestSeriesOfRows: rows that say how long they last.
func TestSeriesOfRows(t *testing.T) {
	t.Parallel()
	columns := SeriesColumns{"period", "count", "seconds"}
	s, err := parseSeries(strings.NewReader("period,count,seconds\n0,6,1\n1,0,59.5\nx,3,0.5\n"), columns, small)
	if err != nil {
		t.Fatal(err)
	}
	want := []Stage{{6, 6, time.Second}, {0, 0, 59500 * time.Millisecond}, {6, 6, time.Second / 2}}
	if diff := cmp.Diff(want, s.Stages(1, s.Spacing)); diff != "" || s.Spacing != 0 {
		t.Errorf("spacing %v (-want +got):\n%s", s.Spacing, diff)
	}
	for text, want := range map[string]string{
		"period,count\n1,2\n":             "line 1: the header has no column seconds, as load.follow.seconds says",
		"period,count,seconds\n1,2\n":     "line 2",
		"period,count,seconds\n1,x,1\n":   `line 2: "x" is not a count`,
		"period,count,seconds\n1,2,0\n":   `line 2: "0" is not a number of seconds`,
		"period,count,seconds\n1,2,NaN\n": `line 2: "NaN" is not a number of seconds`,
		"period,count,seconds\n1,2,4e7\n": `line 2: "4e7" is not a number of seconds`,
		"period,count,seconds\n1,2,-1\n":  `line 2: "-1" is not a number of seconds`,
		"period,count,seconds\n1,2,\n":    `line 2: "" is not a number of seconds`,
	} {
		if _, err := parseSeries(strings.NewReader(text), columns, small); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
