package recording

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rehearse/internal/recording/event"
	"rehearse/scenario"
)

// The quarantine is a whole gzip file whenever it is looked at, and has every line
// once it is closed.
func TestQuarantineIsAlwaysWhole(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), QuarantineFile)
	q := NewQuarantine(path, scenario.KeptLines)
	read := func() string {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		zip, err := gzip.NewReader(file)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(zip)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	const n = 300
	for i := range n {
		if err := q.Write(Bad{Text: []byte(fmt.Sprint(i, strings.Repeat("x", 4000)))}); err != nil {
			t.Fatal(err)
		}
		if got := read(); strings.Count(got, "\n") > i+1 || strings.Count(got, "\n") == 0 ||
			!strings.HasSuffix(got, "\n") {
			t.Fatalf("after line %d it has %d", i, strings.Count(got, "\n"))
		}
	}
	if got := strings.Count(read(), "\n"); got < n/2 {
		t.Errorf("before it is closed it has %d of %d lines", got, n)
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(read(), "\n"); got != n {
		t.Errorf("it has %d lines, want %d", got, n)
	}
}

// TestMaxBad: a recording with more bad lines than allowed is refused, one with
// just as many is not.
func TestMaxBad(t *testing.T) {
	t.Parallel()
	good := `{"event":"a","distinct_id":"u","timestamp":"2026-01-01T00:00:00Z","properties":{}}` + "\n"
	r := written(t, strings.Repeat(good, 98)+"bad\nbad\n")
	for _, c := range []struct {
		limit scenario.Limit
		ok    bool
	}{
		{scenario.Limit{}, true},
		{scenario.Limit{Set: true, Count: 2}, true}, {scenario.Limit{Set: true, Count: 1}, false},
		{scenario.Limit{Set: true}, false},
		{scenario.Limit{Set: true, Share: 0.02}, true}, {scenario.Limit{Set: true, Share: 0.019}, false},
	} {
		r.MaxBad = c.limit
		reader, err := Open(r)
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			_, err = reader.Next()
		}
		if errors.Is(err, ErrTooManyBad) == c.ok || c.ok && err != io.EOF {
			t.Errorf("limit %+v: %v", c.limit, err)
		}
	}
}

// TestQuarantine: what was left out can be read again, byte for byte.
func TestQuarantine(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), QuarantineFile)
	q := NewQuarantine(path, scenario.KeptLines)
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a quarantine of nothing was created")
	}
	q.Write(Bad{File: "a", Line: 7, Reason: event.NoID, Text: []byte(`{"x":1}`)})
	q.Write(Bad{File: "a", Line: 8, Reason: event.NotUTF8, Text: []byte("\xff")})
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(z)
	want := `{"file":"a","line":7,"reason":"no distinct_id","text":"{\"x\":1}"}
{"file":"a","line":8,"reason":"not UTF-8","base64":"/w=="}
`
	if string(text) != want {
		t.Errorf("quarantine is\n%swant\n%s", text, want)
	}
}

// TestQuarantineOfPlaces: nothing of what was recorded is kept but how long it was.
func TestQuarantineOfPlaces(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), QuarantineFile)
	q := NewQuarantine(path, scenario.KeptPlaces)
	q.Write(Bad{File: "a", Line: 7, Reason: event.NoID, Text: []byte(`{"email":"anna@example.com"}`)})
	q.Write(Bad{File: "a", Line: 8, Reason: event.NotUTF8, Text: []byte("\xff\xfe")})
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(z)
	want := `{"file":"a","line":7,"reason":"no distinct_id","bytes":28}
{"file":"a","line":8,"reason":"not UTF-8","bytes":2}
`
	if string(text) != want {
		t.Errorf("quarantine is\n%swant\n%s", text, want)
	}
}
