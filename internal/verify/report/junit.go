package report

import (
	"encoding/xml"
	"fmt"
	"io"

	"rehearse/internal/text"
	"rehearse/internal/verify"
)

// junit is a report as build servers read the results of tests.
type junit struct {
	XMLName xml.Name `xml:"testsuites"`
	Suite   suite    `xml:"testsuite"`
}

type suite struct {
	Name     string     `xml:"name,attr"`
	Tests    int        `xml:"tests,attr"`
	Failures int        `xml:"failures,attr"`
	Errors   int        `xml:"errors,attr"`
	Time     string     `xml:"time,attr"`
	Cases    []testcase `xml:"testcase"`
}

type testcase struct {
	Name    string   `xml:"name,attr"`
	Class   string   `xml:"classname,attr"`
	Failure *message `xml:"failure"`
	Error   *message `xml:"error"`
	Out     string   `xml:"system-out,omitempty"`
}

type message struct {
	Text string `xml:"message,attr"`
}

// WriteJUnit writes a report in the form of JUnit: a test that the source says enough,
// in error if the verdict is invalid, and one for each threshold.
func WriteJUnit(out io.Writer, r *verify.Report) error {
	name := text.Printable("verify "+r.Run.Scenario, 200)
	s := suite{Name: name, Time: fmt.Sprintf("%.3f", r.Source.Seconds)}
	whole := testcase{Name: "the source tells enough", Class: name}
	if r.Because != "" {
		whole.Error = &message{because(r)}
		s.Errors++
	}
	s.Cases = append(s.Cases, whole)
	for i := range r.Thresholds {
		t := &r.Thresholds[i]
		c := testcase{Name: text.Printable(t.Text, 200), Class: name, Out: value(t)}
		switch {
		case !t.Known:
			c.Error = &message{"the source does not tell"}
			s.Errors++
		case !t.OK:
			c.Failure = &message{c.Name + ": " + value(t)}
			s.Failures++
		}
		s.Cases = append(s.Cases, c)
	}
	s.Tests = len(s.Cases)
	encoder := xml.NewEncoder(out)
	encoder.Indent("", "  ")
	if _, err := io.WriteString(out, xml.Header); err != nil {
		return err
	}
	if err := encoder.Encode(junit{Suite: s}); err != nil {
		return err
	}
	_, err := io.WriteString(out, "\n")
	return err
}
