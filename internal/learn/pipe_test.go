//go:build unix

package learn

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"rehearse/scenario"
)

// TestPipe: a pipe gives up every event, though its format is told from how it begins.
func TestPipe(t *testing.T) {
	t.Parallel()
	const events = 6000 // 500 kB
	var plain, packed bytes.Buffer
	for i := range events {
		fmt.Fprintf(&plain, `{"event":"a","distinct_id":"user-%d","timestamp":%d,"properties":{}}`+"\n",
			i%7, 1767225600+i)
	}
	z := gzip.NewWriter(&packed)
	z.Write(plain.Bytes())
	z.Close()
	for name, content := range map[string][]byte{"plain": plain.Bytes(), "packed": packed.Bytes()} {
		r := scenario.DefaultReplay()
		r.Paths = []string{filepath.Join(t.TempDir(), name)}
		if err := syscall.Mkfifo(r.Paths[0], 0o600); err != nil {
			t.Skip(err)
		}
		go os.WriteFile(r.Paths[0], content, 0)
		if p, err := Read(r, time.Hour); err != nil || p.Events != events || p.DistinctIDs != 7 {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}
