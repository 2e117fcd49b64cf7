package recorded

import (
	"errors"
	"os"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/internal/capture"
)

// TestAgainstMap: whatever the uuids, and in however many runs they are sorted, a uuid is
// found where a map finds it, and events are read as they were added.
func TestAgainstMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, err := NewWriter()
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		w.most = rapid.IntRange(1, 500).Draw(t, "pairs")
		n := rapid.IntRange(0, 2000).Draw(t, "events")
		different := rapid.IntRange(1, 3000).Draw(t, "different")
		draw := rapid.Uint64().Draw(t, "seed")
		first, all := map[capture.UUID]int64{}, make([]Known, n)
		copies := map[int64]int64{}
		for i := range all {
			draw = draw*6364136223846793005 + 1442695040888963407
			k := &all[i]
			k.UUID[0], k.UUID[15] = byte(draw>>33%uint64(different)), byte(draw>>33%uint64(different)>>8)
			k.Due, k.Sums, k.Dropped = time.Duration(i), [3]uint64{draw, 2, 3}, draw>>60 == 1
			if err := w.Add(k); err != nil {
				t.Fatal(err)
			}
			if original, known := first[k.UUID]; k.UUID == (capture.UUID{}) {
				continue
			} else if known {
				copies[int64(i)] = original
			} else {
				first[k.UUID] = int64(i)
			}
		}
		s, err := w.Finish()
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		got := make([]Known, n)
		if err := s.Read(0, got); n > 0 && err != nil || s.Len() != int64(n) {
			t.Fatalf("%d events, %v", s.Len(), err)
		}
		for i := range all {
			if got[i] != all[i] {
				t.Fatalf("event %d is %+v, want %+v", i, got[i], all[i])
			}
			want, known := first[all[i].UUID]
			if at, ok, err := s.Find(all[i].UUID); err != nil || ok != known || at != want {
				t.Fatalf("event %d is found at %d (%t, %v), want %d", i, at, ok, err, want)
			}
			original, is := copies[int64(i)]
			if !is {
				original = int64(i)
			}
			if s.Original(int64(i)) != original {
				t.Fatalf("the original of %d is %d, want %d", i, s.Original(int64(i)), original)
			}
		}
		told := map[int64]int64{}
		s.EachCopy(func(i, original int64) { told[i] = original })
		if len(told) != len(copies) {
			t.Fatalf("%d copies, want %d", len(told), len(copies))
		}
		if _, ok, err := s.Find(capture.UUID{7: 9}); ok || err != nil {
			t.Fatalf("another uuid is found: %v", err)
		}
	})
}

// TestFilesGo: where an open file cannot be removed, as on Windows, it is removed when it is
// closed.
func TestFilesGo(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Setenv("TMP", dir)
	open := map[string]bool{}
	remove := func(path string) error {
		if !open[path] {
			open[path] = true
			return errors.New("the file is being used by another process")
		}
		return os.Remove(path)
	}
	w, err := newWriter(remove)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Add(&Known{UUID: capture.UUID{1}}); err != nil {
		t.Fatal(err)
	}
	s, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if _, found, err := s.Find(capture.UUID{1}); !found || err != nil {
		t.Errorf("found %t, %v", found, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); len(left) > 0 || err != nil || len(open) != 3 {
		t.Errorf("%v left of %d files, %v", left, len(open), err)
	}
}
