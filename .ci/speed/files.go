package main

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
)

// files are recordings of the same events in several forms.
type files struct {
	All      []file
	Events   int64
	Lines    int64 // bytes of the events as JSON lines
	Scenario string
}

// file is one of them.
type file struct {
	Path  string
	Bytes int64 // of its content
}

// path is where a file lies, empty if it was not made.
func (f *files) path(name string) string {
	for _, one := range f.All {
		if filepath.Base(one.Path) == name {
			return one.Path
		}
	}
	return ""
}

// event is a recorded event.
type event struct {
	UUID       string    `parquet:"uuid"`
	Event      string    `parquet:"event"`
	DistinctID string    `parquet:"distinct_id"`
	Timestamp  time.Time `parquet:"timestamp,timestamp(microsecond)"`
	Properties string    `parquet:"properties"`

	url, referrer string
	width, seats  int
}

// The numbers of the events: their names and how many ids there are.
var names = [...]string{"$pageview", "$pageview", "$pageview", "$autocapture", "$autocapture", "$pageleave", "purchase", "$identify", "search", "$feature_flag_called"}

const persons = 200_000

// next makes up the next event.
func (e *event) next(r *rand.Rand, at time.Time) {
	var id [16]byte
	for i := range id {
		id[i] = byte(r.Uint32())
	}
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	h := hex.EncodeToString(id[:])
	who := int(persons * r.Float64() * r.Float64() * r.Float64())
	e.UUID = h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
	e.Event, e.DistinctID, e.Timestamp = names[r.IntN(len(names))], fmt.Sprintf("user-%d-%08x", who, uint32(who)*2654435761), at
	e.url = fmt.Sprintf("https://shop.example.com/products/%d?ref=%s&page=%d", r.IntN(5000), e.Event[1:4], r.IntN(40))
	e.referrer, e.width, e.seats = "https://www.example.org/search?q="+strconv.Itoa(r.IntN(1e6)), 1280+16*r.IntN(40), r.IntN(50)
	e.Properties = fmt.Sprintf(`{"$lib":"web","$lib_version":"1.78.5","$current_url":%q,"$referrer":%q,"$browser":"Firefox","$browser_version":117,"$os":"Mac OS X",`+
		`"$screen_width":%d,"$screen_height":1052,"$session_id":"%s","plan":"pro","seats":%d,"ratio":%.4f,"beta":%t,"tags":["a","b",null],"$device":{"type":"Desktop","model":"Größe 15 \"Pro\""}`,
		e.url, e.referrer, e.width, "018a981f-4b35-7c66-825e-"+h[:12], e.seats, r.Float64(), who%2 == 0)
	if e.Event == "$identify" {
		e.Properties += `,"$anon_distinct_id":"anon-` + h[:12] + `"`
	}
	e.Properties += "}"
}

// line appends the event as PostHog's batch exports write it.
func (e *event) line(dst []byte) []byte {
	return fmt.Appendf(dst, `{"uuid":"%s","event":%q,"distinct_id":%q,"timestamp":%q,"team_id":2,"properties":%s,"elements_chain":""}`+"\n",
		e.UUID, e.Event, e.DistinctID, e.Timestamp.Format("2006-01-02T15:04:05.000000Z"), e.Properties)
}

// row is the event as a row of a table.
func (e *event) row() []string {
	return []string{e.UUID, e.Event, e.DistinctID, e.Timestamp.Format("2006-01-02 15:04:05.000"), "web", e.url, e.referrer,
		strconv.Itoa(e.width), "Firefox", "Mac OS X", strconv.Itoa(e.seats), "a note, with a comma"}
}

// makeFiles makes recordings of about so many bytes each.
func makeFiles(dir string, size int64, wants func(string) bool) (f files, err error) {
	plain, err := os.Create(filepath.Join(dir, "events.jsonl"))
	if err != nil {
		return f, err
	}
	defer plain.Close()
	forms, closers, err := f.open(dir, wants)
	if err != nil {
		return f, err
	}
	lines := bufio.NewWriterSize(plain, 1<<20)
	r, at, text := rand.New(rand.NewPCG(1, 2)), time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC), []byte(nil)
	for e := (event{}); f.Lines < size; f.Events++ {
		at = at.Add(time.Duration(r.IntN(4000)) * time.Microsecond)
		e.next(r, at)
		text = e.line(text[:0])
		f.Lines += int64(len(text))
		lines.Write(text)
		for _, write := range forms {
			if err := write(&e, text); err != nil {
				return f, err
			}
		}
	}
	if err := lines.Flush(); err != nil {
		return f, err
	}
	for _, c := range closers {
		if err := c.Close(); err != nil {
			return f, err
		}
	}
	f.All = append([]file{{plain.Name(), f.Lines}}, f.All...)
	return f, f.finish(dir)
}

// open begins the files in other forms than lines.
func (f *files) open(dir string, wants func(string) bool) (forms []func(*event, []byte) error, closers []io.Closer, err error) {
	for _, form := range []string{"zst", "gz", "parquet", "csv"} {
		name := map[string]string{"zst": "events.jsonl.zst", "gz": "events.jsonl.gz"}[form]
		if name == "" {
			name = "events." + form
		}
		if !wants("profile " + name) {
			continue
		}
		out, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return nil, nil, err
		}
		write, c, err := formOf(form, out)
		if err != nil {
			return nil, nil, err
		}
		forms, closers = append(forms, write), append(closers, c, out)
		f.All = append(f.All, file{Path: out.Name()})
	}
	return forms, closers, nil
}

// formOf returns what writes events in one form.
func formOf(form string, out io.Writer) (func(*event, []byte) error, io.Closer, error) {
	switch form {
	case "zst":
		w, err := zstd.NewWriter(out, zstd.WithEncoderConcurrency(1))
		return func(_ *event, line []byte) error { _, err := w.Write(line); return err }, w, err
	case "gz":
		w, err := gzip.NewWriterLevel(out, 6)
		return func(_ *event, line []byte) error { _, err := w.Write(line); return err }, w, err
	case "parquet":
		w := parquet.NewGenericWriter[event](out, parquet.Compression(&parquet.Zstd))
		n := 0
		return func(e *event, _ []byte) error {
			if n++; n%100_000 == 0 {
				if err := w.Flush(); err != nil {
					return err
				}
			}
			_, err := w.Write([]event{*e})
			return err
		}, w, nil
	}
	w := csv.NewWriter(out)
	w.Write([]string{"uuid", "event", "distinct_id", "timestamp", "$lib", "$current_url", "$referrer", "$screen_width", "$browser", "$os", "seats", "note"})
	return func(e *event, _ []byte) error { return w.Write(e.row()) }, flusher{w}, nil
}

// flusher ends a table.
type flusher struct{ *csv.Writer }

// Close writes what is buffered.
func (f flusher) Close() error {
	f.Flush()
	return f.Error()
}

// finish notes how much the files hold, and writes a scenario that replays the lines.
func (f *files) finish(dir string) error {
	for i := range f.All {
		if f.All[i].Bytes = f.Lines; filepath.Ext(f.All[i].Path) == ".csv" {
			info, err := os.Stat(f.All[i].Path)
			if err != nil {
				return err
			}
			f.All[i].Bytes = info.Size()
		}
	}
	f.Scenario = filepath.Join(dir, "replay.yaml")
	return os.WriteFile(f.Scenario, []byte(`name: speed
replay:
  files: [events.jsonl]
  speed: 1000000
batching:
  events: 100
target:
  connections: 4
  compression: none
  historical_migration: true
`), 0o644)
}
