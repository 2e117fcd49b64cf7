package main

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/dustin/go-humanize"

	"rehearse/generator"
	"rehearse/profile"
	"rehearse/recording"
	"rehearse/scenario"
)

// surveyReplay tells what a run of s would send, without sending it.
func surveyReplay(w world, s *scenario.Scenario) error {
	if s.Replay == nil {
		return coded{exitUsage, errors.New("cannot survey: the scenario replays no recording")}
	}
	files, remove, err := recording.Spool(s.Replay.Paths)
	if err != nil {
		return err
	}
	defer remove()
	spooled, replay := *s, *s.Replay
	spooled.Replay, replay.Paths = &replay, files.Paths()
	source, err := generator.Open(&spooled, generator.Part{})
	if err != nil {
		return coded{exitScenario, errors.New(files.Named(err.Error()))}
	}
	plan := source.Plan
	source.Close()
	fmt.Fprintf(w.stdout, "%s would send %s events in %s requests over %v, at most %.0f events/s\n",
		s.Name, humanize.Comma(plan.Events), humanize.Comma(plan.Requests), plan.Span.Round(time.Millisecond), plan.Peak)
	for _, warning := range plan.Notes() {
		fmt.Fprintf(w.stdout, "note: %s\n", files.Named(warning))
	}
	p, err := profile.Read(&replay, time.Duration(math.MaxInt64))
	if err != nil {
		return coded{exitScenario, errors.New(files.Named(err.Error()))}
	}
	fmt.Fprintln(w.stdout, "\nthe recording")
	return p.WriteText(w.stdout)
}
