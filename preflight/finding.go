package preflight

import (
	"fmt"
	"strings"
	"time"

	"rehearse/internal/text"
	"rehearse/internal/units"
	"rehearse/scenario"
)

// saying is a finding in the making: what is said of which field, and what
// would help.
type saying struct{ id, path, message, hint string }

// find makes a finding.
func (l *look) find(severity Severity, s saying) []Finding {
	return []Finding{{ID: s.id, Severity: severity, Message: s.message, Where: l.s.Where(s.path), Hint: s.hint}}
}

func (l *look) refuse(s saying) []Finding      { return l.find(SeverityRefuse, s) }
func (l *look) accommodate(s saying) []Finding { return l.find(SeverityAccommodate, s) }
func (l *look) note(s saying) []Finding        { return l.find(SeverityNote, s) }

// curvePath is the field that gives the curve of the load.
func (l *look) curvePath() string {
	for _, path := range []string{"load.profile", "load.stages", "load.follow", "replay.speed", "replay"} {
		if l.s.Gives(path) {
			return path
		}
	}
	return "load"
}

// asRecorded tells whether requests are sent byte for byte as they were recorded,
// so that no field of the scenario changes them.
func (l *look) asRecorded() bool { return l.load.Recorded }

// replayEvents is what helps against requests that are as they were recorded.
const replayEvents = "replay an export of the events rather than the requests, or expect it"

// batchPath is the field that says how many events a request has.
func (l *look) batchPath() string {
	switch {
	case l.s.Target.Endpoint == scenario.EndpointCapture:
		return "target.endpoint"
	case l.asRecorded():
		return "replay"
	}
	return "batching.events"
}

// seconds writes a time since the start of the run.
func seconds(s float64) string {
	if s >= units.LongestTold.Seconds() {
		return units.FormatSpan(units.LongestTold)
	}
	d := time.Duration(s * float64(time.Second))
	if d < time.Minute {
		return units.FormatDuration(d.Round(100 * time.Millisecond))
	}
	return units.FormatDuration(d.Round(time.Second))
}

// plain is text of others as it may be shown on a line, cut to so many columns:
// nothing in it commands a terminal.
func plain(others string, columns int) text.Cell {
	return text.Fit(strings.Map(text.Harmless, others), columns)
}

// list joins a few words, and says how many more there are.
func list(words []string, more int) string {
	joined := strings.Join(words, ", ")
	if more > 0 {
		joined += fmt.Sprintf(" and %s more", text.Count(more))
	}
	return joined
}
