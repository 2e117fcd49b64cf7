package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/results/judge"
	"rehearse/results/rundir"
)

// The escapes of GitHub's workflow commands (actions/toolkit, command.ts).
var (
	data     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// WriteAnnotations writes what is wrong with a run as GitHub annotations: an
// error for each threshold that was not met and for an invalid run, a warning
// for each doubt, and a notice if all is well.
func WriteAnnotations(w io.Writer, run *rundir.Run) error {
	r := run.Result
	var b strings.Builder
	annotate := func(level, message string) {
		fmt.Fprintf(&b, "::%s title=%s::%s\n", level, property.Replace(text.Printable("rehearse "+r.Run.Scenario, 200)),
			data.Replace(text.Printable(message, 2000)))
	}
	for _, failure := range r.Failures {
		annotate("error", failure)
	}
	for _, row := range r.Thresholds {
		if !row.OK && row.Doubt == "" {
			annotate("error", judge.ThresholdName(row)+" was "+row.Value)
		}
	}
	if b := besideStream(run); b != nil {
		for _, row := range b.Thresholds {
			if !row.OK && row.Doubt == "" {
				annotate("error", "background: "+judge.ThresholdName(row)+" was "+row.Value)
			}
		}
	}
	warnings := r.Warnings
	if r.Verdict == results.Invalid && len(warnings) > 0 {
		annotate("error", "invalid: "+warnings[0])
		warnings = warnings[1:]
	}
	for _, warning := range warnings {
		annotate("warning", warning)
	}
	if r.Verdict == results.Pass {
		annotate("notice", judge.Because(r))
	}
	return write(w, b.String())
}

// suites is a report as build servers read the results of tests.
type suites struct {
	XMLName xml.Name `xml:"testsuites"`
	Suite   suite    `xml:"testsuite"`
}

type suite struct {
	Name     string  `xml:"name,attr"`
	Tests    int     `xml:"tests,attr"`
	Failures int     `xml:"failures,attr"`
	Errors   int     `xml:"errors,attr"`
	Time     string  `xml:"time,attr"`
	Started  string  `xml:"timestamp,attr"`
	Cases    []check `xml:"testcase"`
}

type check struct {
	Name    string  `xml:"name,attr"`
	Class   string  `xml:"classname,attr"`
	Failure *remark `xml:"failure"`
	Error   *remark `xml:"error"`
	Out     string  `xml:"system-out,omitempty"`
}

type remark struct {
	Message string `xml:"message,attr"`
}

// WriteJUnit writes the report of a run in the form of JUnit: a test that the
// run can be trusted, in error if it is invalid, one that something was accepted,
// and kept, and one for each threshold, in error if it is in doubt.
func WriteJUnit(w io.Writer, run *rundir.Run) error {
	r := run.Result
	name := text.Printable(r.Run.Scenario, 200)
	s := suite{Name: name, Time: fmt.Sprintf("%.3f", r.Run.Seconds), Started: startedText(&r.Run)}
	trusted := check{Name: "the run can be trusted", Class: name}
	if r.Verdict == results.Invalid {
		trusted.Error = &remark{text.Printable(judge.Because(r), 2000)}
		s.Errors++
	}
	s.Cases = append(s.Cases, trusted)
	s.Cases = append(s.Cases, s.accepted(r, name))
	s.thresholds(r.Thresholds, name)
	if b := besideStream(run); b != nil {
		s.thresholds(b.Thresholds, text.Printable(b.Scenario, 200))
	}
	s.arrivals(run, name)
	s.Tests = len(s.Cases)
	text, err := xml.MarshalIndent(suites{Suite: s}, "", "  ")
	if err != nil {
		return fmt.Errorf("cannot write report: %w", err)
	}
	return write(w, xml.Header+string(text)+"\n")
}

// accepted is the test that something was accepted, and that the endpoint kept it.
func (s *suite) accepted(r *results.Result, name string) check {
	c := check{Name: "events were accepted and kept", Class: name}
	if len(r.Failures) > 0 {
		c.Failure = &remark{text.Printable(strings.Join(r.Failures, "; "), 2000)}
		s.Failures++
	}
	return c
}

// thresholds are the tests of those of a stream.
func (s *suite) thresholds(rows []results.ThresholdRow, name string) {
	for _, row := range rows {
		c := check{
			Name:  text.Printable(judge.ThresholdName(row), 200),
			Class: name,
			Out:   text.Printable(row.Value, 400),
		}
		switch {
		case row.Doubt != "":
			c.Error = &remark{c.Name + " is invalid: " + text.Printable(row.Doubt, 400)}
			s.Errors++
		case !row.OK:
			c.Failure = &remark{c.Name + " was " + c.Out}
			s.Failures++
		}
		s.Cases = append(s.Cases, c)
	}
}
