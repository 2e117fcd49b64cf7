package rehearsal

import (
	"errors"
	"fmt"
	"slices"

	"rehearse/generator/source"
	"rehearse/internal/recording"
	"rehearse/internal/text"
	"rehearse/scenario"
)

// load reads what the run is of: the scenario file, or what the run that it resumes
// was of, whose shard it then is, too.
func (r *rehearsal) load() (err error) {
	if r.Resume == "" {
		if r.Options.Scenario == "" {
			return usage(errors.New("name a scenario file, or with --resume a run directory"))
		}
		if r.Trial != nil {
			return r.loadTrial()
		}
		r.scenario, err = Load(r.Options.Scenario, r.Overrides)
		r.bound = r.scenario
		return err
	}
	if r.resumes, err = readResumption(r.Resume); err != nil {
		return err
	}
	r.onClose(r.resumes.release)
	return r.loadAgain(r.resumes.runs[0].Past)
}

// loadAgain reads the scenario of the run that is resumed, with all that it takes to
// send the rest.
func (r *rehearsal) loadAgain(last *Past) (err error) {
	var missing []scenario.SecretRef
	r.scenario, missing, err = last.Scenario(r.Options.Scenario, r.Overrides)
	shard := last.Result.Run.Shard
	switch {
	case err != nil:
		return fmt.Errorf("cannot resume %q: %w", r.Resume, err)
	case len(missing) > 0:
		return fmt.Errorf("cannot resume %q: %w", r.Resume, lacking(missing))
	case r.Shard.Of > 0 && r.Shard != shard:
		return usage(fmt.Errorf("cannot resume shard %d of %d as shard %d of %d: leave --shard out",
			shard.Index, shard.Of, r.Shard.Index, r.Shard.Of))
	case r.Permit.File != "" && r.scenario.Restored():
		return usage(errors.New("cannot resume under a permit without the scenario that it binds: " +
			"name the scenario file, and give the flags that the run was given"))
	}
	r.Shard, r.bound = shard, r.scenario
	if r.RunID == "" && shard.Of > 1 { // so that merge finds it to be a part of the same run
		r.id = last.Result.Run.ID
	}
	return nil
}

// open opens what the run sends, or what is left of it after the runs that it resumes.
func (r *rehearsal) open() (err error) {
	if r.scenario.Load.Closed > 0 && (r.Shard.Of > 1 || r.resumes != nil) {
		return usage(errors.New("a closed loop has no plan that could be shared or resumed: give load.profile"))
	}
	r.announceReading()
	part := source.Part{Index: r.Shard.Index, Of: r.Shard.Of}
	if r.resumes != nil {
		part.Resumes = &source.Resumption{Accepted: r.resumes.accepted, Broken: r.resumes.broken()}
	}
	if r.source, err = source.Open(r.scenario, part); err != nil {
		return wrongScenario(err)
	}
	r.onClose(func() { r.source.Close() }) // of a run that comes to nothing, too: it removes copies of recordings
	if r.resumes == nil {
		return nil
	}
	if err := r.resumes.same(r.scenario, r.source); err != nil {
		return wrongScenario(fmt.Errorf("cannot resume %q: %w", r.resumes.Resumes, err))
	}
	plan := &r.source.Plan
	r.resumes.settle(append(plan.Resumed.Doubtful, r.resumes.Ambiguous...))
	r.resumes.Skipped = plan.Resumed.Skipped
	plan.Warnings = append(slices.Clone(plan.Warnings), r.resumes.doubt()...)
	r.resumes.announce(r.note, plan.Events)
	return nil
}

// share is the scenario as this process sends it: with its part of the connections.
func (r *rehearsal) share() *scenario.Scenario {
	part := source.Part{Index: r.Shard.Index, Of: r.Shard.Of}
	own := *r.scenario
	own.Target.Connections = part.Connections(own.Target.Connections)
	return &own
}

// announceReading says that a large recording is read before anything is sent, which
// takes its time.
func (r *rehearsal) announceReading() {
	if r.scenario.Replay == nil {
		return
	}
	if size := recording.Size(r.scenario.Replay.Paths); size >= 64<<20 {
		r.note("reading %s of recordings to plan the run", text.Size(size))
	}
}

// notePlan passes on what is to be known before the run.
func (r *rehearsal) notePlan() error {
	for _, warning := range r.source.Plan.Notes() {
		r.note("note: %s", warning)
	}
	return nil
}

// same is an error unless source deals out what the last run did: numbers of events
// mean nothing in another recording.
func (r *resumption) same(s *scenario.Scenario, opened *source.Opened) error {
	last, plan := r.runs[0], &opened.Plan
	sums, err := opened.Recordings()
	if err == nil {
		err = last.unchanged(s, sums)
	}
	was := last.Result.Planned
	// of a version that did not say
	if first := r.runs[len(r.runs)-1].Result; was.Whole == 0 && first.Run.Shard.Of <= 1 {
		was.Whole = first.Planned.Events
	}
	switch {
	case err != nil:
		return err
	case was.Whole != 0 && plan.Whole.Events != was.Whole:
		return fmt.Errorf("there are %d events now and there were %d then", plan.Whole.Events, was.Whole)
	case was.Recording != "" && plan.Recorded.Checksum != was.Recording:
		return errors.New("the recording has as many events as then, but they are others, or in another order (give " +
			"it the files as they were)")
	}
	return nil
}
