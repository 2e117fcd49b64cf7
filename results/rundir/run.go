package rundir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math"
	"os"
	"path/filepath"
	"time"

	"rehearse/internal/capture"
	"rehearse/internal/text"
	"rehearse/results"
)

// ErrNoRun says that a directory is not that of a run.
var ErrNoRun = errors.New("not a run directory")

// Run is a run as its directory has it. Everything in it reaches as far as
// Result does.
type Run struct {
	Path     string
	Result   *results.Result
	Timeline []results.Row

	Latency, Service, Lag *results.Histogram
	ByReason              map[string]*results.Histogram // latency by the name of the reason, accepted included

	Endpoint *results.EndpointCounts         // nil: it was no embedded endpoint, or its counts are missing
	Answers  map[results.RejectionRow]string // the first answer of each kind; Requests and Events of the key are 0

	Background *Run // the stream that was sent beside; nil: there was none
}

// Open reads the directory of a run, finished or not. Of a run that was killed it
// reads what was written up to the last second and calls it Killed. Files that
// are missing or torn leave their part empty and a warning in the Result; only a
// result.json is indispensable. The error is ErrNoRun or ErrFormat where that is
// the cause.
func Open(path string) (*Run, error) {
	r, err := openAlone(path, (*Run).readParts)
	if err != nil {
		return nil, err
	}
	beside := filepath.Join(path, BackgroundDir)
	info, err := os.Lstat(beside)
	if err != nil || !info.IsDir() { // a link is not followed
		if r.Result.Background != nil {
			doubt(r.Result, "the directory of the background is missing")
		}
		return r, nil
	}
	if r.Background, err = openAlone(beside, (*Run).readParts); err != nil {
		doubt(r.Result, "background: "+err.Error())
	}
	return r, nil
}

// OpenResult opens the directory of a run as Open does, and reads of it result.json and
// endpoint.json alone: the rest is left to Rows, Histograms, LedgerSegments and
// EachRejection, which hold none of it.
func OpenResult(path string) (*Run, error) { return openAlone(path, (*Run).readCounts) }

// openAlone reads the directory of one stream, with such parts of it.
func openAlone(path string, parts func(*Run)) (*Run, error) {
	text, err := ReadFile(path, ResultFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot open %q: %w: no %s in it (name the directory that a run wrote)",
			path, ErrNoRun, ResultFile)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot open %q: %w", path, err)
	}
	result, err := ParseResult(text)
	if err != nil {
		return nil, fmt.Errorf("cannot open %q: %w", path, err)
	}
	r := &Run{Path: path, Result: result}
	state, held, err := ReadState(path)
	parts(r)
	switch {
	case errors.Is(err, fs.ErrNotExist): // of a version that had no locks
		state.Phase = Running
	case err != nil:
		doubt(result, err.Error())
	}
	if result.Run.Ended == results.Running && !held {
		markKilled(result, &state)
	}
	if err := result.Balance(); err != nil {
		doubt(result, err.Error())
	}
	return r, nil
}

// doubt makes the result invalid for a cause found in reading.
func doubt(r *results.Result, cause string) {
	if r.Verdict == results.Invalid && len(r.Warnings) > 0 && r.Warnings[0] == cause {
		return
	}
	r.Verdict = results.Invalid
	r.Warnings = append([]string{cause}, r.Warnings...)
}

// kill makes the result that of a run that ended without a word: what may have
// left after it was written is ambiguous, and not unsent.
func markKilled(r *results.Result, s *State) {
	r.Run.Ended = results.Killed
	switch s.Phase {
	case Closed:
		doubt(r, fmt.Sprintf("%s is older than the end of the run: the last one was lost", ResultFile))
	case Unwritten:
		doubt(r, "the run went on after something of its directory could not be written: what is missing in it "+
			"may have left")
	}
	var never results.Count
	for _, row := range r.Rejections {
		if reason, err := capture.ParseReason(row.Reason); err == nil && reason.Fate() == capture.FateUnsent {
			never = never.Plus(results.Count{Requests: row.Requests, Events: row.Events})
		}
	}
	events := mayHaveLeft(&r.Events, s.Reach.Events, never.Events)
	// Of requests that were split more left than were planned.
	least := int64(math.Ceil(float64(events) * results.Share(r.Planned.Requests, r.Planned.Events)))
	mayHaveLeft(&r.Requests.Totals,
		max(s.Reach.Requests, min(r.Requests.Sent+never.Requests+least, r.Planned.Requests)), never.Requests)
	if events > 0 {
		r.Warnings = append(r.Warnings,
			fmt.Sprintf("%s may have left after the last second that was written down: they are counted as ambiguous",
				text.Plural(events, "event")))
	}
}

// mayHaveLeft moves to the ambiguous what is called unsent although it may have
// left, if up to reach may have. What was passed over on the way never did.
func mayHaveLeft(b *results.Totals, reach, never int64) int64 {
	more := max(min(reach-b.Sent-never, b.Unsent-never), 0)
	b.Sent, b.Ambiguous, b.Unsent = b.Sent+more, b.Ambiguous+more, b.Unsent-more
	return more
}

// readParts reads the files beside result.json. What one of them lacks is a
// warning: the numbers of the result do not depend on them.
func (r *Run) readParts() {
	until := time.Duration(r.Result.Run.Seconds * float64(time.Second))
	for _, part := range []struct {
		name string
		read func(io.Reader) error
	}{
		{TimelineFile, func(in io.Reader) error { return r.readTimeline(in, until) }},
		{LatencyFile, func(in io.Reader) error { return r.readHistograms(in, until) }},
	} {
		r.note(part.name, r.readPart(part.name, part.read))
	}
	r.note(RejectedFile, r.passTear(r.readAnswers()))
	r.readCounts()
}

// readCounts reads what an embedded endpoint counted.
func (r *Run) readCounts() {
	var err error
	r.Endpoint, err = readEndpoint(r.Path)
	r.note(EndpointFile, err)
}

// note makes a warning of what kept a file from being read.
func (r *Run) note(name string, err error) {
	if err != nil {
		r.Result.Warnings = append(r.Result.Warnings, name+": "+err.Error())
	}
}

// passTear drops the tear in the file of a run that was killed, which is no news.
func (r *Run) passTear(err error) error {
	if errors.Is(err, ErrTorn) && r.Result.Run.Ended == results.Running {
		return nil
	}
	return err
}

// readPart opens a file and reads it.
func (r *Run) readPart(name string, read func(io.Reader) error) error {
	file, err := OpenFile(r.Path, name)
	if errors.Is(err, fs.ErrNotExist) {
		return errMissing
	}
	if err != nil {
		return err
	}
	defer file.Close()
	return r.passTear(read(file))
}

// readTimeline reads the rows that the result covers.
func (r *Run) readTimeline(in io.Reader, until time.Duration) error {
	rows, err := ReadTimeline(in)
	for len(rows) > 0 && !startsBefore(rows[len(rows)-1].From, until) {
		rows = rows[:len(rows)-1]
	}
	r.Timeline = rows
	return err
}

// Rows are those of the run's timeline, as far as its result reaches, without holding them.
// A row is valid until the next. An error ends them: fs.ErrNotExist if there is no
// timeline, ErrTorn where it breaks off.
func (r *Run) Rows() iter.Seq2[*results.Row, error] {
	return func(yield func(*results.Row, error) bool) {
		file, err := OpenFile(r.Path, TimelineFile)
		if err != nil {
			yield(nil, err)
			return
		}
		defer file.Close()
		until := time.Duration(r.Result.Run.Seconds * float64(time.Second))
		err = eachRow(file, func(row *results.Row) error {
			if !startsBefore(row.From, until) || !yield(row, nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

// readHistograms reads the histograms as far as the result covers them.
func (r *Run) readHistograms(in io.Reader, until time.Duration) error {
	merged, err := readHlog(in, until)
	r.Latency, r.Service, r.Lag = merged[tagLatency], merged[tagService], merged[tagLag]
	r.ByReason = map[string]*results.Histogram{}
	for tag, h := range merged {
		if reason, ok := cutReason(tag); ok {
			r.ByReason[reason] = h
		}
	}
	return err
}

// errEnough ends the reading of a file before its end.
var errEnough = errors.New("enough was read")

// readAnswers finds an answer for each kind of rejection, and reads no further.
func (r *Run) readAnswers() error {
	r.Answers = map[results.RejectionRow]string{}
	missing := map[results.RejectionRow]bool{}
	for _, row := range r.Result.Rejections {
		if row.Side != "ours" || row.Status > 0 {
			missing[row.Kind()] = true
		}
	}
	_, err := r.EachRejection(func(line *RejectionLine) error {
		kind := results.RejectionRow{
			Reason:      line.Reason,
			Side:        line.Side,
			Status:      results.KnownStatus(line.Status),
			MayBeStored: line.MayBeStored,
		}
		if missing[kind] && line.Answer != "" {
			r.Answers[kind] = line.Answer
			delete(missing, kind)
		}
		if len(missing) == 0 {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// Ledger reads what became of which events, and holds it against the result: what
// does not agree is damage. That of a run that was killed or whose disk was full
// may end early.
func (r *Run) Ledger() (*Ledger, error) {
	file, err := OpenFile(r.Path, LedgerFile)
	if err != nil {
		return nil, fmt.Errorf("cannot read ledger: %w", err)
	}
	defer file.Close()
	l, err := ReadLedger(file)
	if err == nil {
		l.hold(r.Result)
	}
	return l, err
}

// LedgerSegments are the ranges of the run's ledger in the order in which they were written,
// up to so many bytes of the file. Ranges are sorted within a segment and valid until
// the next; what is damaged is passed over. An error ends them.
func (r *Run) LedgerSegments(bytes int64) iter.Seq2[[]results.Range, error] {
	return func(yield func([]results.Range, error) bool) {
		file, err := OpenFile(r.Path, LedgerFile)
		if err != nil {
			yield(nil, fmt.Errorf("cannot read ledger: %w", err))
			return
		}
		defer file.Close()
		var l Ledger
		err = l.eachSegment(io.LimitReader(file, bytes), func(ranges []results.Range) error {
			if !yield(ranges, nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

// Late adds up the requests that left late, by Cause, from the timeline.
func (r *Run) Late() (late [results.LateCauses]int64) {
	for _, row := range r.Timeline {
		late[results.LateBuild] += row.LateBuild
		late[results.LatePace] += row.LatePace
		late[results.NoConnection] += row.NoConnection
		late[results.Held] += row.Held
		late[results.LateStall] += row.LateStall
	}
	return late
}
