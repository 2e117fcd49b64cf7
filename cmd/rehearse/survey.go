package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"
	"unicode"

	"rehearse/capture"
	"rehearse/generator/source"
	"rehearse/internal/text"
	"rehearse/profile"
	"rehearse/recording"
	"rehearse/scenario"
)

// surveyReplay tells what a run of s would send, without sending it.
func surveyReplay(e env, s *scenario.Scenario) error {
	if s.Replay == nil {
		return exitError{exitUsage, errors.New("cannot survey: the scenario replays no recording")}
	}
	files, remove, err := recording.Spool(s.Replay.Paths)
	if err != nil {
		return err
	}
	defer remove()
	spooled, replay := *s, *s.Replay
	spooled.Replay, replay.Paths = &replay, files.Paths()
	source, err := source.Open(&spooled, source.Part{})
	if err != nil {
		return exitError{exitScenario, errors.New(files.Named(err.Error()))}
	}
	plan := source.Plan
	source.Close()
	fmt.Fprintf(e.stdout, "%s would send %s events in %s requests over %v, at most %.0f events/s\n",
		s.Name, text.Count(plan.Events), text.Count(plan.Requests), plan.Span.Round(time.Millisecond), plan.Peak)
	for _, warning := range plan.Notes() {
		fmt.Fprintf(e.stdout, "note: %s\n", files.Named(warning))
	}
	if err := writeExample(e.stdout, files, &replay); err != nil {
		return exitError{exitScenario, errors.New(files.Named(err.Error()))}
	}
	p, err := profile.Read(&replay, time.Duration(math.MaxInt64))
	if err != nil {
		return exitError{exitScenario, errors.New(files.Named(err.Error()))}
	}
	var text strings.Builder
	if err := p.WriteText(&text); err != nil {
		return err
	}
	_, err = fmt.Fprint(e.stdout, "\nthe recording\n", files.Named(text.String()))
	return err
}

// exampleOf writes the first event of what s replays, if that can be looked at: a pipe
// is read once.
func exampleOf(out io.Writer, s *scenario.Scenario) error {
	for _, path := range s.Replay.Paths {
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			return nil
		}
	}
	files, remove, err := recording.Spool(s.Replay.Paths)
	if err != nil {
		return err
	}
	defer remove()
	return writeExample(out, files, s.Replay)
}

// writeExample writes the first event of a recording beside the line that it was read
// from, so that a wrong mapping is seen. Requests are sent as they are.
func writeExample(out io.Writer, files recording.Files, r *scenario.Replay) error {
	if format, err := files.Detect(r); err != nil || format == scenario.FormatCapture {
		return err
	}
	example, err := files.Example(r)
	if err == io.EOF {
		return nil
	}
	if err != nil {
		return err
	}
	e := example.Event
	event := capture.AppendEvent(nil, &capture.Event{Name: e.Name, DistinctID: e.DistinctID, UUID: e.UUID, Timestamp: e.Time, Properties: e.Properties})
	_, err = fmt.Fprintf(out, "\nthe first event, and the line that it was read from (%s)\n  %s\n  %s\n", e.Place, shown(event), shown(example.Line))
	return err
}

// shown is the beginning of a text, with nothing that a terminal would obey.
func shown(text []byte) string {
	const most = 400
	more := ""
	if len(text) > most {
		text, more = text[:most], "…"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, string(text)) + more
}
