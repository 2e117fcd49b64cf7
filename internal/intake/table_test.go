package intake

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pasted are tables as people paste them, all of the same three rows.
var pasted = map[string]string{
	"csv":        "distinct_id,count\nimport-job,250000\n\"Doe, Jane\",41200\nnull,7\n",
	"bare":       "import-job,250000\r\n\"Doe, Jane\",41200\r\nnull,7\r\n",
	"semicolons": "distinct_id;count\nimport-job;250000\nDoe, Jane;41200\nnull;7",
	"tabs":       "distinct_id\tcount\nimport-job\t250,000\nDoe, Jane\t41,200\nnull\t7\n",
	"psql": " distinct_id | count  \n-------------+--------\n import-job  | 250000\n Doe, Jane   |  41200\n" +
		" null        |      7\n(3 rows)\n",
	"mysql": "+-------------+--------+\n| distinct_id | count  |\n+-------------+--------+\n" +
		"| import-job  | 250000 |\n| Doe, Jane   |  41200 |\n| null        |      7 |\n+-------------+--------+\n" +
		"3 rows in set (0.00 sec)\n",
	"markdown": "| id | n |\n|:---|---:|\n| import-job | 250k |\n| Doe, Jane | 41,200 |\n| null | 7 |\n",
	"clickhouse": "┌─distinct_id─┬─count()─┐\n│ import-job  │  250000 │\n│ Doe, Jane   │   41200 │\n" +
		"│ null        │       7 │\n└─────────────┴─────────┘\n3 rows in set. Elapsed: 0.002 sec.\n",
	"middle": "distinct_id,count,last_seen\nimport-job,250000,2026-11-01\n\"Doe, Jane\",41200,2026-11-02\n" +
		"null,7,2026-11-02\n",
	"first": "count|distinct_id\n250000|import-job\n41200|Doe, Jane\n7|null\n",
	"zero":  "import-job\t250000\nDoe, Jane\t41200\nnull\t7\nnobody\t0\n",
}

func TestPastedTables(t *testing.T) {
	t.Parallel()
	want := []Row{{"import-job", 250000}, {"Doe, Jane", 41200}, {"null", 7}}
	for name, text := range pasted {
		got, err := readTable(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want, got.Rows); diff != "" || got.Share {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestSmallTables(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		want  []Row
		share bool
	}{
		{"a 5, b 7", []Row{{"a", 5}, {"b", 7}}, false},
		{"purchase – 27%\nview - 73 %", []Row{{"purchase", 27}, {"view", 73}}, true},
		{"1.234,500\n5.678,20", []Row{{"1.234", 500}, {"5.678", 20}}, false}, // ids with points
		{"a: 5; b = 7", []Row{{"a", 5}, {"b", 7}}, false},
		{"$pageview 70%, add to cart 12.5 %", []Row{{"$pageview", 70}, {"add to cart", 12.5}}, true},
		{"alice 12,345", []Row{{"alice", 12345}}, false},
		{"alice 1,234, bob 12,345", []Row{{"alice", 1234}, {"bob", 12345}}, false},
		{"alice,12345", []Row{{"alice", 12345}}, false},
		{"  5000 import-job\n     12 user x\n", []Row{{"import-job", 5000}, {"user x", 12}}, false}, // sort | uniq -c
		{"50000\n400", []Row{{"", 50000}, {"", 400}}, false},
		{"50k", []Row{{"", 50000}}, false},
		{"12345 500\n99 20", []Row{{"12345", 500}, {"99", 20}}, false}, // the ids are numbers
		{"a\t0.1%\nb\t99.9%", []Row{{"a", 0.1}, {"b", 99.9}}, true},
		{"https://x.example/a: 5", []Row{{"https://x.example/a", 5}}, false},
	} {
		got, err := readTable(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if diff := cmp.Diff(c.want, got.Rows); diff != "" || got.Share != c.share {
			t.Errorf("%q, share %v (-want +got):\n%s", c.text, got.Share, diff)
		}
	}
}

func TestTablesThatSayNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"", "holds no row"},
		{"-----\n(0 rows)", "holds no row"},
		{"many", "cannot find a column with a count in every row"},
		{"id,count\na,many\nb,few", "cannot find a column with a count in every row"},
		{"a|250.000\nb|41,200", `cannot tell whether the point in "250.000" groups digits: write 250000`},
		{"id|n\na|5\nb|1.250.000", `cannot tell whether the point in "1.250.000" groups digits: write 1250000`},
		{"a,5\nb,1,000\n", `line 2 has 3 columns, the first has 2 (put what holds a comma in quotes)`},
		{"a 5\n?", `line 2 has one column, the first has 2 (put what holds a comma in quotes)`},
		{"a,5\na,6", `row 2: "a" is listed twice`},
		{"a 5\nb 5%", "mixes counts and shares: give one kind"},
		{"a,0\nb,0", "has no row with a count above 0"},
		{"a 60%\nb 50%", "the shares add up to 110%"},
		{"a,9007199254740992\nb,5", "the counts add up to more than 2^53"},
		{"a\x00b,5", "line 1: holds a control character"},
		{"\xff,5", "is not text in UTF-8"},
		{"5000 job\n12 user 17", "line 2: cannot tell which number is the count: put a comma between it and the name"},
		{`"a,5`, "line 1: its quotes are not closed"},
	} {
		if _, err := readTable(c.text); err == nil || err.Error() != c.want {
			t.Errorf("%q\ngot  %v\nwant %s", c.text, err, c.want)
		}
	}
}

func TestTablesAreBounded(t *testing.T) {
	t.Parallel()
	if _, err := readTable(strings.Repeat("|1", maxCells+1)); err == nil ||
		!strings.Contains(err.Error(), "too large") {
		t.Errorf("a million cells: %v", err)
	}
}

// FuzzTable: whatever is pasted, there is an error or a table that says the same
// when it is written with tabs and read again.
func FuzzTable(f *testing.F) {
	for _, text := range pasted {
		f.Add(text)
	}
	f.Add("a 5, b 7%")
	f.Fuzz(func(t *testing.T, text string) {
		table, err := readTable(text)
		if err != nil {
			return
		}
		var again strings.Builder
		for _, r := range table.Rows {
			if r.Value <= 0 {
				t.Fatalf("%q has %v", r.Name, r.Value)
			}
			number := strconv.FormatFloat(r.Value, 'f', -1, 64)
			if table.Share {
				number += "%"
			}
			if r.Name == "" {
				return // A list of numbers alone.
			}
			fmt.Fprintf(&again, "%s\t%s\n", r.Name, number)
		}
		second, err := readTable(again.String())
		if err != nil {
			t.Fatalf("%q\n%s: %v", text, again.String(), err)
		}
		if diff := cmp.Diff(table, second); diff != "" {
			t.Errorf("%q\n%s", text, diff)
		}
	})
}
