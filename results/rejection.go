package results

import (
	"bytes"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"rehearse/capture"
)

// The limits on what is kept of refused requests, so that an endpoint that
// refuses everything costs no more memory than one that takes everything. What
// exceeds them is counted, and a warning in the result says how much it was.
const (
	maxAnswer     = 256     // bytes of one answer
	maxRejections = 10_000  // details an interval
	maxAnswers    = 1 << 20 // bytes of answers an interval
)

// Rejection is what is written down about one rejected or ambiguous request.
// Times are offsets from the start of the run.
type Rejection struct {
	First, Events   int64 // the request's events are First to First+Events-1
	Due, Sent, Done time.Duration
	Status          int
	Reason          capture.Reason
	Again           bool   // it was sent again after this
	MayBeStored     bool   // some of its events may be stored
	Answer          string // the beginning of the answer, safe to print
}

// rejection copies what is kept of a refused request. The answer may use at
// most room bytes.
func rejection(o *Outcome, room int) Rejection {
	return Rejection{
		First: o.First, Events: o.Events,
		Due: o.Due, Sent: o.Sent, Done: o.Done,
		Status: o.Status, Reason: o.Reason, Again: o.Again, MayBeStored: o.MayBeStored,
		Answer: printable(o.Answer, min(maxAnswer, room)),
	}
}

// printable turns a stranger's bytes into at most limit bytes of UTF-8 that
// cannot command a terminal, break a line or turn the reading direction: white
// space becomes one blank, anything else that does not print becomes U+FFFD.
func printable(text []byte, limit int) string {
	var b strings.Builder
	text = bytes.TrimSpace(text)
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if size == 1 && !utf8.FullRune(text) {
			break // cut in the middle of a character
		}
		r = harmless(r)
		if b.Len()+utf8.RuneLen(r) > limit {
			break
		}
		b.WriteRune(r)
		text = text[size:]
	}
	return b.String()
}

// harmless is r, or what stands for it.
func harmless(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case !unicode.IsPrint(r):
		return utf8.RuneError
	}
	return r
}
