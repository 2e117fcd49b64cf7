package recording

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"rehearse/scenario"
)

// exported is a row of PostHog's batch export, as its Parquet files have it.
type exported struct {
	UUID             string    `parquet:"uuid"`
	Event            string    `parquet:"event,dict"`
	Properties       *string   `parquet:"properties,optional,zstd"`
	DistinctID       string    `parquet:"distinct_id"`
	Timestamp        time.Time `parquet:"timestamp,timestamp(microsecond)"`
	ElementsChain    string    `parquet:"elements_chain"`
	PersonProperties string    `parquet:"person_properties"`
	TeamID           int64     `parquet:"team_id"`
	Tags             []string  `parquet:"tags,list"`
}

// parquetOf writes rows as a Parquet file with row groups of so many rows.
func parquetOf[T any](t testing.TB, each int, rows ...T) string {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, parquet.MaxRowsPerRowGroup(int64(each)), parquet.PageBufferSize(512))
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestParquetExport: a batch export in Parquet gives the events that the same
// export gives as JSON lines, over row groups and pages.
func TestParquetExport(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 500_000, time.UTC)
	var rows []exported
	var lines strings.Builder
	for i := range 1000 {
		properties := fmt.Sprintf(`{"n":%d,"text":"a \"quote\" ö"}`, i)
		row := exported{
			UUID:  fmt.Sprintf("018a981f-4b35-7c66-825e-%012x", i),
			Event: []string{"$pageview", "buy"}[i%2], Properties: &properties,
			DistinctID: fmt.Sprintf("user-%d", i%7), Timestamp: start.Add(time.Duration(i) * time.Millisecond),
			PersonProperties: "no object", Tags: []string{"a", "b"},
		}
		if i%10 == 0 {
			row.Properties, properties = nil, "null"
			row.ElementsChain = "a:b"
		}
		rows = append(rows, row)
		fmt.Fprintf(&lines, `{"uuid":%q,"event":%q,"properties":%s,"distinct_id":%q,"timestamp":%q,`+
			`"elements_chain":%q}`+"\n",
			row.UUID, row.Event, properties, row.DistinctID, row.Timestamp.Format(time.RFC3339Nano), row.ElementsChain)
	}
	r := written(t, parquetOf(t, 300, rows...))
	if format, err := Detect(r); err != nil || format != scenario.FormatParquet {
		t.Errorf("taken for %s, %v", format, err)
	}
	got, counts := readAll(t, r)
	want, _ := readAll(t, written(t, lines.String()))
	if strings.Join(got, "\n") != strings.Join(want, "\n") || counts.Lines != 1000 {
		t.Errorf("%d rows became %d events; the first is\n%s\nwant\n%s", counts.Lines, len(got), got[0], want[0])
	}
}

// TestParquetColumns: any columns are read through the field mapping, and what JSON
// has no word for does no harm.
func TestParquetColumns(t *testing.T) {
	t.Parallel()
	type row struct {
		Kind  string    `parquet:"kind"`
		User  int64     `parquet:"user"`
		At    time.Time `parquet:"at,timestamp(millisecond)"`
		Price float64   `parquet:"price"`
		Ratio float32   `parquet:"ratio"`
		Paid  bool      `parquet:"paid"`
		ID    [16]byte  `parquet:"id,uuid"`
		Note  *int32    `parquet:"note,optional"`
	}
	seven := int32(7)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	r := written(t, parquetOf(t, 10,
		row{"buy", 5, at, 1.5, 0.25, true, [16]byte{15: 1}, &seven},
		row{"buy", 6, at, math.NaN(), 0, false, [16]byte{}, nil}))
	r.Fields = scenario.Fields{Event: scenario.From("kind"), DistinctID: scenario.From("user"),
		Timestamp: scenario.From("at")}
	got, _ := readAll(t, r)
	want := []string{
		`buy 5 2026-01-01T00:00:00Z {"price":1.5,"ratio":0.25,"paid":true,` +
			`"id":"00000000-0000-0000-0000-000000000001","note":7}`,
		`buy 6 2026-01-01T00:00:00Z {"price":null,"ratio":0,"paid":false,"id":"00000000-0000-0000-0000-000000000000"}`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("events are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestParquetRefusals: what cannot be read as Parquet says why.
func TestParquetRefusals(t *testing.T) {
	t.Parallel()
	type row struct{ A string }
	whole := parquetOf(t, 10, row{"a"})
	named := written(t, `{"event":"a"}`)
	named.Format = scenario.FormatParquet
	for want, r := range map[string]*scenario.Replay{
		"not the whole of one": written(t, whole[:len(whole)-9]),
		"no Parquet file":      named,
		"or not the whole":     written(t, gzipped(whole)),
	} {
		if _, err := Open(r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
}
