package recording

import (
	"strings"
	"testing"

	"rehearse/internal/recording/event"
	"rehearse/scenario"
)

// TestParquetProperties: properties that are a struct or a map, as pyarrow, Spark,
// DuckDB and BigQuery write them, are the event's.
func TestParquetProperties(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{"struct": `"seats":12`, "map": `"url":"https://example.com/a"`} {
		r := scenario.DefaultReplay()
		r.Paths = []string{"testdata/parquet-nested/" + file + ".parquet"}
		got, counts := readAll(t, r)
		if len(got) != 10 || counts.Bad != 0 || !strings.Contains(got[0], want) ||
			!strings.Contains(got[0], `"plan":"pro"`) {
			t.Errorf("%s: %q %+v", file, got, counts)
		}
	}
}

// TestParquetEach: a list in a row holds events like one in a line.
func TestParquetEach(t *testing.T) {
	t.Parallel()
	type event struct {
		Name string `parquet:"name"`
		At   int64  `parquet:"at"`
	}
	type session struct {
		User   string  `parquet:"user"`
		Events []event `parquet:"events,list"`
	}
	r := written(t, parquetOf(t, 1, session{"u", []event{{"a", 1767225600}, {"b", 1767225601}}},
		session{"v", []event{{"c", 1767225602}}}))
	r.Fields = scenario.Fields{Each: "events", Event: scenario.From("name"), DistinctID: scenario.From("user"),
		Timestamp: scenario.From("at")}
	got, _ := readAll(t, r)
	want := "a u 2026-01-01T00:00:00Z {}\nb u 2026-01-01T00:00:01Z {}\nc v 2026-01-01T00:00:02Z {}"
	if strings.Join(got, "\n") != want {
		t.Errorf("events are %q", got)
	}
}

// TestParquetBounds: a page that is too large to be unpacked is refused before it is,
// and a row that is too long is one bad line.
func TestParquetBounds(t *testing.T) {
	if raced {
		t.Skip("nothing here runs at once, and the bytes are many")
	}
	type row struct {
		Event string   `parquet:"event"`
		ID    string   `parquet:"distinct_id"`
		At    int64    `parquet:"timestamp"`
		Big   []string `parquet:"big,list,zstd"`
	}
	many, short := row{"a", "u", 1767225600, nil}, row{"a", "u", 1767225600, []string{"x"}}
	for range 40 {
		many.Big = append(many.Big, strings.Repeat("x", 1<<20))
	}
	r := written(t, parquetOf(t, 10, short, many, short))
	r.Fields.Properties = "" // Any mapping does: PostHog's own events have no such column.
	got, counts := readAll(t, r)
	if len(got) != 2 || len(counts.Left) != 1 || counts.Left[0].Reason != event.TooLong || counts.Left[0].Line != 2 {
		t.Errorf("%d events of 2: %+v", len(got), counts)
	}
}
