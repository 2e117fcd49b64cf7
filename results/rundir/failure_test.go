package rundir

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/results/judge"
	"rehearse/results/runtest"
)

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	if _, err := Create(path, runtest.Manifest(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(path, runtest.Manifest(1)); err == nil ||
		!strings.Contains(err.Error(), "is not empty (choose another") {
		t.Errorf("a directory in use: error %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(filepath.Join(file, "run"), runtest.Manifest(1)); err == nil ||
		!strings.HasPrefix(err.Error(), "cannot create run directory") {
		t.Errorf("a directory in a file: error %v", err)
	}
}

func TestAdvice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want string
	}{
		{&os.PathError{Op: "mkdir", Path: "/runs", Err: syscall.EACCES},
			"mkdir /runs: permission denied (choose a directory that you may write to)"},
		{&os.PathError{Op: "write", Path: "/runs/ledger", Err: syscall.ENOSPC},
			"write /runs/ledger: no space left on device (free some space, or choose a directory on another disk)"},
		{io.ErrShortWrite, "short write"},
	} {
		if got := advise(c.err); got.Error() != c.want || !errors.Is(got, c.err) {
			t.Errorf("advise(%v) = %v, want %q", c.err, got, c.want)
		}
	}
}

// fullDisk takes so many bytes and no more.
type fullDisk struct {
	io.Writer
	room int
}

func (f *fullDisk) Write(p []byte) (int, error) {
	n := min(len(p), f.room)
	f.room -= n
	written, err := f.Writer.Write(p[:n])
	if err == nil && n < len(p) {
		err = syscall.ENOSPC
	}
	return written, err
}

func TestDiskFull(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	d := create(t, path, runtest.Manifest(300))
	d.timeline.Writer = &fullDisk{d.timeline.Writer, 250} // a row and a piece of the next
	r := results.NewRecorder(1)
	var failures []error
	for i := range 300 {
		o := runtest.Outcome(i, capture.Accepted, 200)
		r.Sender(0).Record(&o)
		if i%100 == 99 {
			if err := d.Write(r.Tick(time.Duration(i+1)*time.Millisecond, results.Count{})); err != nil {
				failures = append(failures, err)
			}
		}
	}
	if len(failures) != 1 || !errors.Is(failures[0], syscall.ENOSPC) {
		t.Errorf("Write failed with %v, want one failure for lack of space", failures)
	}
	result, err := d.Close(results.Final{Ended: results.Completed})
	if !errors.Is(err, syscall.ENOSPC) || result.Verdict != results.Invalid || result.Requests.Accepted != 300 {
		t.Errorf("Close: error %v, verdict %s, %d accepted", err, result.Verdict, result.Requests.Accepted)
	}
	if want := "cannot write run directory"; !strings.HasPrefix(judge.Because(result), want) {
		t.Errorf("invalid because %q, want %q", judge.Because(result), want)
	}
	run, err := Open(path)
	if err != nil || len(run.Timeline) == 0 || len(run.Timeline) > 2 || run.Result.Verdict != results.Invalid {
		t.Errorf("opened: %d rows, verdict %s, error %v", len(run.Timeline), run.Result.Verdict, err)
	}
}

// An endpoint that kept other events than were sent is never a pass.
func TestChecksumThatDiffersIsInvalid(t *testing.T) {
	t.Parallel()
	for verdict, want := range map[string]results.Verdict{
		results.SumMatches:     results.Pass,
		results.SumDiffers:     results.Invalid,
		results.SumNotCompared: results.Pass,
	} {
		result, err := rehearse(t, t.TempDir(), 1000, runtest.Accept).Close(results.Final{
			Ended:       results.Completed,
			EndpointSum: &results.EndpointSum{Verdict: verdict, Events: 10_000, Kept: "1", Sent: "2"},
		})
		if err != nil || result.Verdict != want {
			t.Errorf("%s: %s, error %v, want %s", verdict, result.Verdict, err, want)
		}
		if verdict == results.SumDiffers && judge.Because(result) != "endpoint checksum differs: the 10,000 events "+
			"that it kept are not those that were sent (1, not 2)" {
			t.Errorf("because %q", judge.Because(result))
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, result, want string
		is                 error
	}{
		{"no run", "", "not a run directory: no result.json in it (name the directory that a run wrote)", ErrNoRun},
		{"a newer format", `{"format": "rehearse/result/v2"}`,
			`"rehearse/result/v2" is a format that this version does not know`, ErrFormat},
		{"of another program", `{"tests": 3}`, "it names no format, so it is not of a run of this program", ErrFormat},
		{"a hostile format", `{"format": "\u001b[31m"}`, "\"\ufffd[31m\" is a format", ErrFormat},
		{"no JSON", `{"format": `, "cannot read result.json: unexpected end of JSON input", nil},
	} {
		path := t.TempDir()
		if c.result != "" {
			if err := os.WriteFile(filepath.Join(path, ResultFile), []byte(c.result), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		_, err := Open(path)
		if err == nil || !strings.Contains(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

func TestOpenDoubtsBooksThatDoNotBalance(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	if _, err := rehearse(t, path, 1000, runtest.Accept).Close(results.Final{Ended: results.Completed}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(path, ResultFile)
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(page, []byte(`"verdict": "pass"`)) {
		t.Fatalf("not a pass:\n%s", page)
	}
	page = bytes.Replace(page, []byte(`"accepted": 1000,`), []byte(`"accepted": 999,`), 1)
	if err := os.WriteFile(file, page, 0o644); err != nil {
		t.Fatal(err)
	}
	run, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	want := "the books do not balance: 1000 requests sent, but 999 accepted + 0 rejected + 0 ambiguous"
	if run.Result.Verdict != results.Invalid || judge.Because(run.Result) != want {
		t.Errorf("verdict %s because %q, want invalid because %q", run.Result.Verdict, judge.Because(run.Result), want)
	}
}

func FuzzParseResult(f *testing.F) {
	page, err := encode((&results.Result{
		Format:     results.Format,
		Rejections: []results.RejectionRow{{Reason: "rate_limited"}},
	}))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(page)
	f.Add([]byte(`{"format": "rehearse/result/v2"}`))
	f.Add([]byte(`{"format": "rehearse/result/v1", "planned": {"requests": 1e99}}`))
	f.Fuzz(func(t *testing.T, page []byte) {
		result, err := ParseResult(page)
		if err != nil {
			return
		}
		_ = result.Balance()
	})
}
