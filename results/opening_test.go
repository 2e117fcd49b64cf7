package results

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// opening is that of request i: one in a hundred opens a connection, every
// second of them encrypted, and one in a thousand finds none.
func opening(i int) Opening {
	switch {
	case i%1000 == 999:
		return Opening{Tried: true}
	case i%100 == 99:
		return Opening{Tried: true, Open: true, Unasked: int64(i % 200 / 199), Encrypted: i%200 == 199, Connect: 2 * ms, TLS: time.Duration(i) * ms}
	}
	return Opening{}
}

// TestOpenings: what connections took is in the run directory, and in the report
// of a run that opened some.
func TestOpenings(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "run")
	r, err := rehearse(t, path, 2000, accept).Close(Final{Ended: Completed})
	if err != nil {
		t.Fatal(err)
	}
	// Of 2000 requests every hundredth, 20, tried; of these the 10th and the 20th failed, which were to be encrypted.
	if c := r.Connections; c == nil || *c != (Connections{Opened: 18, Failed: 2, Unasked: 8}) {
		t.Errorf("%+v, want 18 opened, 2 failed and 8 unasked answers", c)
	}
	if r.Connect == nil || r.Connect.Count != 18 || r.Connect.Max != 2 {
		t.Errorf("connect: %+v", r.Connect)
	}
	if r.TLS == nil || r.TLS.Count != 8 || r.TLS.Max < 1799 || r.TLS.Max > 1801 { // 199, 399, … 1799, without 999 and 1999
		t.Errorf("tls: %+v", r.TLS)
	}
	var text strings.Builder
	if err := WriteText(&text, open(t, path), TextWidth); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\n  connect ", "\n  tls ", "\n  connected  18 connections, and 2 could not be opened\n", "answers nobody asked for: 8 "} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
	for _, tag := range []string{"Tag=connect,", "Tag=tls,"} {
		if !bytes.Contains(readFiles(t, path)[LatencyFile], []byte(tag)) {
			t.Errorf("no %s in the log", tag)
		}
	}
	quiet := newResult(&Manifest{}, NewTally(), time.Second)
	if quiet.Connections != nil || quiet.Connect != nil || quiet.TLS != nil || len(quiet.Times()) != 3 {
		t.Errorf("a run that opened nothing speaks of connections: %+v", quiet)
	}
}
