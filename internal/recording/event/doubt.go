package event

import (
	"bytes"
	"fmt"
	"rehearse/internal/jsonscan"
	"strconv"
	"time"
)

// choice is what the times of a recording have told about a question.
type choice uint8

const (
	yes choice = 1 << iota
	no
)

// doubt is a time that may mean two things.
type doubt struct {
	text     string
	place    Place
	readings [2]reading
}

// reading is one thing that a time may mean, and what says so.
type reading struct {
	at      time.Time
	setting string
}

// learn takes notice of what a recorded time tells about others, and reports whether
// it may mean several things.
func (c *Clock) Learn(value []byte, at Place) (doubtful bool) {
	s := Unquoted(value)
	if bytes.IndexByte(s, '\\') >= 0 {
		s = jsonscan.AppendText(nil, value)
	}
	if c.Times.Format != nil || c.Times.Unit > 0 {
		return false
	}
	if len(s) == 10 {
		if n, err := strconv.ParseInt(string(s), 10, 64); err == nil {
			return c.learnTen(s, n, at)
		}
	}
	if s == nil || len(s) > 9 && s[4] == '-' {
		return false
	}
	d, ok := parseWritten(s)
	if !ok || d.named || d.yearFirst {
		return false
	}
	switch {
	case d.first > 12:
		c.days |= yes
		return false
	case d.second > 12:
		c.days |= no
		return false
	case d.first == d.second:
		c.untold = true
		return false
	}
	dayFirst, _, _ := d.time(true)
	monthFirst, _, _ := d.time(false)
	c.wonder(doubt{string(s), at, [2]reading{
		{dayFirst, "replay.fields.time_format: " + strconv.Quote(d.format(true))},
		{monthFirst, "replay.fields.time_format: " + strconv.Quote(d.format(false))},
	}})
	return true
}

// learnTen does that for ten digits, which may be seconds since 1970 or a date with
// its hour: each such date is a number of seconds, too, but not the other way round.
func (c *Clock) learnTen(s []byte, n int64, at Place) (doubtful bool) {
	date, dated := parseDigits(s)
	if !dated {
		c.seconds = c.seconds || unitOf(float64(n)) == time.Second
		return false
	}
	c.wonder(doubt{string(s), at, [2]reading{
		{date, `replay.fields.time_format: "%Y%m%d%H"`}, {since1970(n, time.Second), "replay.fields.time_unit: s"},
	}})
	return true
}

// wonder keeps the first doubt.
func (c *Clock) wonder(d doubt) {
	if c.doubt.text == "" {
		c.doubt = d
	}
}

// isSettled reports whether what was doubtful has been told.
func (c *Clock) IsSettled() bool {
	if c.doubt.text == "" {
		return !c.untold || c.days != 0
	}
	if isNumeric([]byte(c.doubt.text)) && len(c.doubt.text) == len("2006010215") {
		return c.seconds
	}
	return c.days == yes || c.days == no
}

// settle says which times cannot be read because nothing tells what they mean.
func (c *Clock) Settle() error {
	if c.doubt.text == "" || c.IsSettled() {
		return nil
	}
	d := c.doubt
	why := "nothing in the recording tells"
	if c.days == yes|no {
		why = "the recording has times of both kinds"
	}
	return fmt.Errorf("cannot tell what the time %q at %s is, and %s: %s with %s, or %s with %s", d.text, d.place, why,
		d.readings[0].at.UTC().Format(time.DateTime), d.readings[0].setting,
		d.readings[1].at.UTC().Format(time.DateTime), d.readings[1].setting)
}
