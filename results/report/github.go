package report

import (
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
	annotate := func(level, said string) {
		fmt.Fprintf(&b, "::%s title=%s::%s\n", level, property.Replace(text.Printable("rehearse "+r.Run.Scenario, 200)),
			data.Replace(text.Printable(said, 2000)))
	}
	for _, failure := range r.Failures {
		annotate("error", failure)
	}
	for _, row := range r.Thresholds {
		if !row.OK && row.Doubt == "" {
			annotate("error", judge.ThresholdName(row)+" was "+row.Value)
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
