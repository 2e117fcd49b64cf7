package rundir

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"rehearse/internal/capture"
	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/results/runtest"
)

// refused writes a run of n refused requests, a thousand a second, into segments
// of at most limit bytes.
func refused(t testing.TB, path string, n, limit int) *Directory {
	t.Helper()
	d := create(t, path, runtest.Manifest(n))
	d.rejected.limit = limit
	r := results.NewRecorder(1)
	for i := range n {
		o := runtest.Outcome(i, capture.RateLimited, 429)
		o.Answer = []byte("slow down")
		r.Sender(0).Record(&o)
		if i%1000 == 999 {
			if err := d.Write(r.Tick(time.Duration(i+1)*time.Millisecond, results.Count{})); err != nil {
				t.Fatal(err)
			}
		}
	}
	return d
}

// segmentFiles are the names and the size of the segments of a directory.
func segmentFiles(t testing.TB, path string) (names []string, size int64) {
	t.Helper()
	numbers, err := segmentsOf(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, number := range numbers {
		info, err := os.Stat(filepath.Join(path, segmentName(number)))
		if err != nil {
			t.Fatal(err)
		}
		names, size = append(names, info.Name()), size+info.Size()
	}
	return names, size
}

// kept reads the first event of every refused request whose details were kept.
func kept(t testing.TB, run *Run) (first []int64, leftOut int64) {
	t.Helper()
	leftOut, err := run.EachRejection(func(line *RejectionLine) error {
		first = append(first, line.FirstEvent)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return first, leftOut
}

// The details of refused requests stop growing. The first and the last are kept,
// what lies between is counted.
func TestRejectedFilesAreBounded(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	path := t.TempDir()
	const n, limit = 15_000, 15_000
	result, err := refused(t, path, n, limit).Close(results.Final{Ended: results.Completed})
	if err != nil {
		t.Fatal(err)
	}
	names, size := segmentFiles(t, path)
	if len(names) != headKept+tailKept || size > (headKept+tailKept)*limit || names[0] != RejectedFile ||
		names[3] != "rejected-0004.jsonl.gz" || names[4] == "rejected-0005.jsonl.gz" {
		t.Errorf("segments %q of %d bytes", names, size)
	}
	first, leftOut := kept(t, open(t, path))
	if int64(len(first))+leftOut != n || leftOut == 0 || first[0] != 0 || first[len(first)-1] != (n-1)*10 ||
		!slices.IsSorted(first) {
		t.Errorf("%d kept, from %d to %d, %d left out of %d", len(first), first[0], first[len(first)-1], leftOut, n)
	}
	want := "the details of " + text.Count(leftOut) + " rejected requests were not kept"
	if !strings.Contains(strings.Join(result.Warnings, "\n"), want) {
		t.Errorf("warnings %q, want %q", result.Warnings, want)
	}
}

// Of a run that is killed, whatever it was doing, all that is missing is counted.
func TestKilledRunKnowsWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	for seconds := 1; seconds <= 16; seconds += 5 {
		path := t.TempDir()
		refused(t, path, seconds*1000, 15_000)
		first, leftOut := kept(t, open(t, path))
		if got := int64(len(first)) + leftOut; got != int64(seconds)*1000 {
			t.Errorf("%d s: %d kept and %d left out of %d", seconds, len(first), leftOut, seconds*1000)
		}
	}
}

func TestRejectedSegmentsMissingOrTorn(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	if _, err := refused(t, path, 3000, 15_000).Close(results.Final{Ended: results.Completed}); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(path, "rejected-3.jsonl.gz"), []byte("not ours"))
	writeFile(t, filepath.Join(path, "rejected-old.jsonl.gz"), []byte("not ours"))
	run := open(t, path)
	whole, _ := kept(t, run)
	middle := filepath.Join(path, segmentName(2))
	text, err := os.ReadFile(middle)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, middle, text[:len(text)/2])
	read := 0
	if _, err := run.EachRejection(func(*RejectionLine) error { read++; return nil }); !errors.Is(err, ErrTorn) ||
		read >= len(whole) || read < len(whole)/2 {
		t.Errorf("a torn segment: %d of %d read, error %v", read, len(whole), err)
	}
	if err := os.Remove(filepath.Join(path, RejectedFile)); err != nil {
		t.Fatal(err)
	}
	if got := open(t, path).Result.Warnings; !slices.Contains(got, "rejected.jsonl.gz: the file is missing") {
		t.Errorf("warnings %q", got)
	}
}

// refuse writes down a second of a thousand refused requests.
func refuse(t testing.TB, d *Directory, r *results.Recorder, second int) {
	t.Helper()
	for i := range 1000 {
		o := runtest.Outcome(second*1000+i, capture.RateLimited, 429)
		o.Answer = []byte("rate limited, come back later")
		r.Sender(i & 3).Record(&o)
	}
	if err := d.Write(r.Tick(time.Duration(second+1)*time.Second, results.Count{})); err != nil {
		t.Fatal(err)
	}
}

// Two minutes at a thousand requests a second, all of them refused, take no more
// memory than the first twenty seconds.
func TestMemoryIsFlat(t *testing.T) {
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	if testing.Short() {
		t.Skip("writes 120,000 refused requests down")
	}
	d := create(t, t.TempDir(), runtest.Manifest(0))
	d.rejected.limit = maxSegment / 512 // so that segments are removed within that time
	r := results.NewRecorder(4)
	early := uint64(0)
	for second := range 120 {
		refuse(t, d, r, second)
		if second == 19 {
			early = heap()
		}
	}
	if late := heap(); late > early+(2<<20) {
		t.Errorf("%d bytes in use after two minutes, %d after twenty seconds", late, early)
	}
	if d.rejected.gone == 0 {
		t.Error("nothing was removed")
	}
}

// BenchmarkWriteRefused writes down a second of 1,000 refused requests. A day is
// -benchtime 86400x; bytes is what is in use then, and MB what lies on the disk.
func BenchmarkWriteRefused(b *testing.B) {
	path := b.TempDir()
	d := create(b, path, runtest.Manifest(0))
	r := results.NewRecorder(4)
	for second := 0; b.Loop(); second++ {
		refuse(b, d, r, second)
	}
	_, size := segmentFiles(b, path)
	b.ReportMetric(float64(heap()), "bytes")
	b.ReportMetric(float64(size)/1e6, "MB")
}

// heap is how many bytes are in use.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
