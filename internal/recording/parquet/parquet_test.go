package parquet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"rehearse/internal/recording/container"
	"rehearse/internal/recording/format"
	"rehearse/scenario"
)

// sameMembers makes sure that what is known of a row's members is what its text says.
func sameMembers(t *testing.T, row format.Line) {
	t.Helper()
	known, read := row.Scan(), format.Line{Text: row.Text}.Scan()
	known.Enter()
	read.Enter()
	for {
		name, more := known.Member()
		want, wanted := read.Member()
		if more != wanted || string(name) != string(want) || more && known.Named != read.Named {
			t.Fatalf("a member is %q at %d, want %q at %d of %s", name, known.Named, want, read.Named, row.Text)
		}
		if !more {
			break
		}
		if value, want := known.Value(), read.Value(); string(value) != string(want) || known.At != read.At {
			t.Fatalf("%s is %s, want %s", name, value, want)
		}
	}
	if known.Sound() != read.Sound() {
		t.Fatalf("sound is %v, want %v: %s", known.Sound(), read.Sound(), row.Text)
	}
}

// rowsOf reads the rows of a Parquet file as JSON, and what is said about them.
func rowsOf(t *testing.T, content string) (rows []string, remarks []string) {
	t.Helper()
	r := rowsIn(t, content)
	defer r.Close()
	for {
		row, err := r.Next()
		if err == io.EOF {
			return rows, r.Remarks()
		}
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(row) {
			t.Errorf("a row is %s", row)
		}
		sameMembers(t, format.Line{Text: row, Members: r.Members})
		rows = append(rows, string(row))
	}
}

// branch is a row that nests in every way.
type branch struct {
	ID    int64              `parquet:"id"`
	Note  *string            `parquet:"note,optional"`
	Tags  []string           `parquet:"tags,list"`
	Plain []int32            `parquet:"plain"`
	Sizes map[string]float64 `parquet:"sizes"`
	Inner *inner             `parquet:"inner,optional"`
	Items []inner            `parquet:"items,list"`
}

type inner struct {
	Name  string      `parquet:"name"`
	Count *int64      `parquet:"count,optional"`
	Deep  []deep      `parquet:"deep,list"`
	More  []deepLists `parquet:"more"`
}

type deep struct {
	X *int64 `parquet:"x,optional"`
}

type deepLists struct {
	Y []string `parquet:"y,list"`
}

// asRow is what a row becomes: nothing of what is null, and lists even if empty.
func (b *branch) asRow() map[string]any {
	row := map[string]any{"id": float64(b.ID), "tags": listOf(b.Tags, func(s string) any { return s }),
		"plain": listOf(b.Plain, func(n int32) any { return float64(n) }),
		"items": listOf(b.Items, func(i inner) any { return i.asRow() }), "sizes": map[string]any{}}
	for k, v := range b.Sizes {
		row["sizes"].(map[string]any)[k] = v
	}
	if b.Note != nil {
		row["note"] = *b.Note
	}
	if b.Inner != nil {
		row["inner"] = b.Inner.asRow()
	}
	return row
}

func (i inner) asRow() map[string]any {
	row := map[string]any{"name": i.Name,
		"deep": listOf(i.Deep, func(d deep) any {
			if d.X == nil {
				return map[string]any{}
			}
			return map[string]any{"x": float64(*d.X)}
		}),
		"more": listOf(i.More,
			func(d deepLists) any { return map[string]any{"y": listOf(d.Y, func(s string) any { return s })} })}
	if i.Count != nil {
		row["count"] = float64(*i.Count)
	}
	return row
}

func listOf[T any](from []T, each func(T) any) []any {
	to := []any{}
	for _, v := range from {
		to = append(to, each(v))
	}
	return to
}

// TestParquetNesting: rows that nest in every way are what was written, over pages and
// row groups.
func TestParquetNesting(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		few := rapid.IntRange(0, 3)
		word := rapid.StringMatching(`[a-z]{0,3}`)
		maybe := func() *int64 {
			if n := rapid.Int64Range(-1, 5).Draw(rt, "n"); n >= 0 {
				return &n
			}
			return nil
		}
		drawInner := func() (i inner) {
			i.Name, i.Count = word.Draw(rt, "name"), maybe()
			for range few.Draw(rt, "deep") {
				i.Deep = append(i.Deep, deep{maybe()})
			}
			for range few.Draw(rt, "more") {
				i.More = append(i.More, deepLists{rapid.SliceOfN(word, 0, 3).Draw(rt, "y")})
			}
			return i
		}
		var rows []branch
		for i := range rapid.IntRange(1, 12).Draw(rt, "rows") {
			b := branch{ID: int64(i), Tags: rapid.SliceOfN(word, 0, 3).Draw(rt, "tags"),
				Plain: rapid.SliceOfN(rapid.Int32(), 0, 3).Draw(rt, "plain")}
			b.Sizes = rapid.MapOfN(word, rapid.Float64Range(0, 9), 0, 3).Draw(rt, "sizes")
			if rapid.Bool().Draw(rt, "has inner") {
				in := drawInner()
				b.Inner = &in
			}
			for range few.Draw(rt, "items") {
				b.Items = append(b.Items, drawInner())
			}
			if rapid.Bool().Draw(rt, "note") {
				note := word.Draw(rt, "the note")
				b.Note = &note
			}
			rows = append(rows, b)
		}
		got, said := rowsOf(t, fileOf(t, 5, rows...))
		if len(got) != len(rows) || len(said) != 0 {
			rt.Fatalf("%d rows of %d, %q", len(got), len(rows), said)
		}
		for i := range rows {
			var read map[string]any
			if err := json.Unmarshal([]byte(got[i]), &read); err != nil {
				rt.Fatal(err)
			}
			if want := fmt.Sprint(rows[i].asRow()); fmt.Sprint(read) != want {
				rt.Fatalf("row %d is\n%s\nwant\n%s", i, got[i], want)
			}
		}
	})
}

// rowsIn opens a Parquet file with this content.
func rowsIn(t testing.TB, content string) *ParquetRows {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.parquet")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	parts, err := container.LookParts([]string{path})
	if err != nil {
		t.Fatal(err)
	}
	rows, _, err := OpenParquet(parts.All[0], scenario.DefaultReplay())
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// fileOf writes rows as a Parquet file with row groups of so many rows.
func fileOf[T any](t testing.TB, each int, rows ...T) string {
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

// TestPagesAreBounded: a page that is too large to be unpacked is refused before it is.
func TestPagesAreBounded(t *testing.T) {
	t.Parallel()
	type row struct {
		ID  string   `parquet:"distinct_id"`
		Big []string `parquet:"big,list,zstd"`
	}
	many := row{ID: "u"}
	for range 40 {
		many.Big = append(many.Big, strings.Repeat("x", 1<<18))
	}
	rows := rowsIn(t, fileOf(t, 10, many))
	defer rows.Close()
	for _, l := range rows.Leaves {
		meta := &rows.chunks[0][l.index].MetaData
		if err := l.checkPages(rows.file, meta, maxPage); err != nil {
			t.Errorf("%s: %v", l.path, err)
		}
		err := l.checkPages(rows.file, meta, 8<<20)
		said := err != nil && strings.Contains(err.Error(), "unpacked, and at most 8 MB are read")
		if said != strings.HasPrefix(l.path, "big") {
			t.Errorf("%s: %v", l.path, err)
		}
	}
}

// rowNamed is a row of a column.
type rowNamed struct {
	Event string `parquet:"event"`
}

// FuzzParquet: no file makes the reader panic or go on for ever.
func FuzzParquet(f *testing.F) {
	f.Add([]byte(fileOf(f, 2, rowNamed{"a"}, rowNamed{"b"}, rowNamed{"c"})))
	path := f.TempDir() + "/a"
	f.Fuzz(func(t *testing.T, file []byte) {
		if len(file) > 1<<16 || os.WriteFile(path, file, 0o600) != nil {
			t.Skip()
		}
		rows, _, err := OpenParquet(container.Part{Path: path}, scenario.DefaultReplay())
		if err != nil {
			return
		}
		defer rows.Close()
		for range 10_000 {
			if _, err := rows.Next(); err != nil {
				if err == io.EOF && rows.read != rows.all {
					t.Skip("the rows of the groups are not those of the file")
				}
				return
			}
		}
	})
}
