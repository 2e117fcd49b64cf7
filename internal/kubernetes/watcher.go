package kubernetes

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

// watcher passes on what a shard prints, and looks whether it is ready and knows the
// start. Its methods may be called from several goroutines.
type watcher struct {
	to io.Writer

	mu     sync.Mutex
	line   []byte // the one that is not yet complete
	spoken string // the last complete line
	is     bool   // it said that it is ready
	knows  bool   // it said that it knows the start
}

// maxLine is how much of a line is looked at, in bytes.
const maxLine = 4 << 10

// Write passes b on.
func (w *watcher) Write(b []byte) (int, error) {
	w.look(b)
	return w.to.Write(b)
}

// look reads the lines of b.
func (w *watcher) look(b []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		head, rest, whole := bytes.Cut(b, []byte("\n"))
		if len(w.line) < maxLine {
			w.line = append(w.line, head[:min(len(head), maxLine)]...)
		}
		if !whole {
			return
		}
		if text := strings.TrimSpace(string(w.line)); text != "" {
			w.spoken = text
			w.is = w.is || strings.Contains(text, readyLine)
			w.knows = w.knows || strings.Contains(text, toldLine)
		}
		w.line, b = w.line[:0], rest
	}
}

// ready tells whether the shard said that it is.
func (w *watcher) ready() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.is
}

// told tells whether the shard said that it knows when to start.
func (w *watcher) told() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.knows
}

// last is the last line that the shard printed.
func (w *watcher) last() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.spoken
}
