package recording

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"rehearse/internal/recording/event"
	"rehearse/internal/units"
	"rehearse/scenario"
)

// Bad is one line that is left out because of what it is.
type Bad struct {
	File   string       `json:"file"`
	Line   int64        `json:"line"`
	Reason event.Reason `json:"reason"`
	Text   []byte       `json:"-"`

	when []byte // the time as it was recorded
}

// detail says what is wrong with a line, if the reason does not.
func (b *Bad) detail() string {
	if b.Reason != event.NoTime {
		return ""
	}
	return event.Untimely(b.when)
}

// Counts is what came of the lines that were read.
type Counts struct {
	Lines    int64 // without blank ones and comments
	Events   int64 // handed out
	Added    int64 // of these, events that no line held: $identify
	OwnIDs   int64 // of these, events whose line had no distinct_id
	Bad      int64 // left out because of what they are
	Left     []LeftOut
	Backward int64         // events older than the one before them in their file
	Worst    time.Duration // how much older than the newest one before it an event was, at most
	Restored int64         // events put back where they belong
	Late     int64         // events too late for that
	Ahead    Ahead         // clocks that are ahead, which count as no disorder

	Remarks []string // what else was passed over or assumed, as sentences

	verbatim bool // requests, which stay in their order
}

// Notes says in words what was put right: what no line held, and what is not where
// it belongs.
func (c *Counts) Notes() []string {
	var notes []string
	if c.Added > 0 {
		notes = append(notes, fmt.Sprintf("%d events added: an $identify for each device that a user was seen on, "+
			"as the Amplitude migration does it", c.Added))
	}
	if c.OwnIDs > 0 {
		notes = append(notes, fmt.Sprintf("%d events had no distinct_id and got one of their own, "+
			"as the migrations of Mixpanel and Amplitude do it", c.OwnIDs))
	}
	if c.Backward > 0 {
		notes = append(notes, c.disorder())
	}
	if c.Ahead.Events > 0 {
		notes = append(notes, c.Ahead.Note())
	}
	return append(notes, c.Remarks...)
}

// disorder says how much is out of order, and what helps.
func (c *Counts) disorder() string {
	text := fmt.Sprintf("%d recorded lines are older than the one before, disorder of up to %s",
		c.Backward, spanText(c.Worst))
	switch within := c.Worst.Truncate(time.Second) + time.Second; {
	case c.verbatim:
	case c.Restored+c.Late > 0:
		text += fmt.Sprintf(": %d put back in order, %d too late for that", c.Restored, c.Late)
	case c.NewestFirst():
		text += ": the newest come first, and on the recorded clock all would be sent at once: sort the file by time"
		if within <= scenario.MaxReorder {
			text += fmt.Sprintf(", or set replay.reorder to %s if it is no larger than %s",
				units.FormatDuration(within), units.FormatBytes(maxHeld))
		}
	case within <= scenario.MaxReorder:
		text += fmt.Sprintf(": replay.reorder: %s puts them in order", units.FormatDuration(within))
	}
	return text
}

// spanText is a span as people read it, a short one to the millisecond.
func spanText(d time.Duration) string {
	if d < time.Minute {
		return d.Round(time.Millisecond).String()
	}
	return units.FormatSpan(d)
}

// NewestFirst reports whether most events are older than the one before.
func (c *Counts) NewestFirst() bool { return c.Events > 1 && 2*c.Backward > c.Events }

// maxRemarks is how many remarks are kept.
const maxRemarks = 20

// remark keeps a remark, once.
func (c *Counts) remark(text string) {
	if len(c.Remarks) < maxRemarks && !slices.Contains(c.Remarks, text) {
		c.Remarks = append(c.Remarks, text)
	}
}

// some names the first few.
func some(names []string) string {
	const few = 5
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}

// newCounts begins to count what is read of f.
func newCounts(f *Files, r *scenario.Replay) Counts {
	var c Counts
	if beside := slices.Concat(r.Beside, f.Beside); len(beside) > 0 {
		c.remark(fmt.Sprintf("%d files passed over that lie beside the data, by their names: %s",
			len(beside), some(beside)))
	}
	return c
}

// LeftOut is how many lines were left out for one reason, and where that began.
type LeftOut struct {
	Reason event.Reason
	Lines  int64
	File   string
	Line   int64
	Detail string // what is wrong with the first; empty: the reason says it
}

// Why says why lines were left out, and of those that are bad, where that began and
// what to do about it.
func (l *LeftOut) Why() string {
	if l.Reason.Chosen() {
		return string(l.Reason)
	}
	return fmt.Sprintf("%s (first at %s)", l.Reason, l.first())
}

// first is where the first line is, what is wrong with it and what to do.
func (l *LeftOut) first() string {
	text := fmt.Sprintf("%s:%d", l.File, l.Line)
	if l.Detail != "" {
		text += ": " + l.Detail
	}
	if hint := l.Reason.Hint(); hint != "" {
		text += "; " + hint
	}
	return text
}

// refuse counts a record that is not sent, tells of it if it is a bad one, and
// returns the error that ends the reading when there are more of those than most.
func (c *Counts) refuse(b *Bad, tell func(Bad) error, most scenario.Limit) error {
	c.leaveOut(b)
	if b.Reason.Chosen() {
		return nil
	}
	if tell != nil {
		if err := tell(*b); err != nil {
			return err
		}
	}
	if err := c.exceeds(most, false); err != io.EOF {
		return err
	}
	return nil
}

// leaveOut counts one line.
func (c *Counts) leaveOut(b *Bad) {
	if !b.Reason.Chosen() {
		c.Bad++
	}
	for i := range c.Left {
		if c.Left[i].Reason == b.Reason {
			c.Left[i].Lines++
			return
		}
	}
	c.Left = append(c.Left, LeftOut{b.Reason, 1, b.File, b.Line, b.detail()})
}

// ErrTooManyBad says that more lines are bad than the scenario puts up with.
var ErrTooManyBad = errors.New("too many bad lines")

// enough is how many lines must have been read before a share of them means
// anything.
const enough = 10_000

// exceeds is ErrTooManyBad if there are more bad lines than allowed, else io.EOF.
func (c *Counts) exceeds(most scenario.Limit, atEnd bool) error {
	over := most.Set && most.Share == 0 && c.Bad > most.Count
	if most.Share > 0 && (atEnd || c.Lines >= enough) {
		over = float64(c.Bad) > most.Share*float64(c.Lines)
	}
	if !over {
		return io.EOF
	}
	first := c.Left[0]
	for _, l := range c.Left {
		if !l.Reason.Chosen() {
			first = l
			break
		}
	}
	return fmt.Errorf("%w: %d of %d, more than replay.max_bad allows (%s, first at %s)",
		ErrTooManyBad, c.Bad, c.Lines, first.Reason, first.first())
}
