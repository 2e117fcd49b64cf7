package source

import (
	"errors"
	"fmt"
	"io"
	"time"

	"rehearse/internal/recording"
	"rehearse/internal/recording/anonymize"
	"rehearse/scenario"
)

// openReplay prepares to deal out recorded traffic. The recording is read to know
// what will be sent, and that it can be read to its end, and again to send it.
func openReplay(s *scenario.Scenario) (*wholeTraffic, error) {
	v, err := surveyReplay(s, nil)
	if err != nil {
		return nil, err
	}
	w := &wholeTraffic{total: v.files.Size() * s.Replay.Loop, open: v.open, files: v.files, remove: v.remove}
	w.plan, err = v.Plan()
	if read, _ := v.dealing.replay.position(); s.Replay.Clock == scenario.ClockProfile {
		w.total = read // the profile may have room for fewer passes than the loop has
	}
	v.dealing.Close()
	if err != nil {
		w.remove()
		return nil, err
	}
	return w, nil
}

// openerOf returns what opens recordings of this format from their beginning.
func openerOf(s *scenario.Scenario, files recording.Files, format scenario.Format) (openFunc, error) {
	if format != scenario.FormatCapture {
		masks, err := anonymize.New(s.Replay)
		return func() (dealing, error) {
			r, err := newEventReplay(s, files, masks)
			return dealing{Source: r, printer: r, replay: &r.replayState}, err
		}, err
	}
	if s.Replay.Loop > 1 || s.Replay.Pass > 0 {
		return nil, errors.New("cannot send recorded requests under new uuids: they are sent byte for byte, so that " +
			"a pipeline would take them for duplicates (leave out replay.loop and replay.pass; a search for the " +
			"capacity sets both: rehearse profile makes a scenario of the recording for it)")
	}
	if s.Replay.Pseudonymize {
		return nil, errors.New("cannot pseudonymize recorded requests: they are sent byte for byte (to a target " +
			"that is not this machine only with replay.pseudonymize: false)")
	}
	return func() (dealing, error) {
		r := newRequestReplay(s, files)
		return dealing{Source: r, printer: r, replay: &r.replayState}, nil
	}, nil
}

// replayState is a recording while it is read: what is known of it so far. Sources that
// replay one have a replayState each, and what is put around them hides none of it.
type replayState struct {
	reader recordingReader // of this pass
	closer io.Closer       // the same
	before int64           // bytes that were read in earlier passes
	clock  replayClock
	pauses pauses
	bad    func(recording.Bad) error // told of every line that cannot be sent; nil: nobody is
	looker *looker                   // sees the events of the first pass; nil: nobody does
}

// recordingReader reads the files of a recording: events or requests.
type recordingReader interface {
	Counts() *recording.Counts
	Position() int64
}

// position is how many bytes were read, in all passes, and which time was reached.
func (t *replayState) position() (bytes int64, recorded time.Time) {
	return t.before + t.reader.Position(), t.clock.newest
}

// refuse tells whoever asked for it of a line that cannot be sent.
func (t *replayState) refuse(b recording.Bad) error {
	if t.bad == nil {
		return nil
	}
	return t.bad(b)
}

// laneCount is how many queues the order of a replay asks for. Where events of
// one id must not overtake each other, each connection has a queue of its own.
func laneCount(s *scenario.Scenario) int {
	if s.Replay.Order == scenario.OrderPerID {
		return s.Target.Connections
	}
	return 1
}

// ErrNothingLeft says that every event of a run that is to be resumed was accepted
// before.
var errNothingLeft = errors.New("nothing is left to send: every event was accepted")

// emptyRecording says that there is nothing to send.
func emptyRecording(c *recording.Counts) error {
	if c.Lines == 0 {
		return errors.New("cannot replay the recording: it holds no line")
	}
	if c.Bad == 0 {
		return errors.New("the recording holds nothing that can be sent")
	}
	return errUnfit
}

// errUnfit says that no line could be used, and some for what they are.
var errUnfit = errors.New("the recording holds nothing that can be sent")

// otherwise adds to errUnfit what to do if the recording was read as another format
// than it has.
func otherwise(err error, format scenario.Format) error {
	if !errors.Is(err, errUnfit) {
		return err
	}
	return errors.Join(err, fmt.Errorf("it was read as %s: replay.format names another format, and replay.fields "+
		"the members, or the columns of a table, that are event, distinct_id and timestamp", format))
}
