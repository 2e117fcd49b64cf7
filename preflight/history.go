package preflight

import (
	"fmt"
	"math"
	"time"

	"rehearse/scenario"
)

// The ages of events.
const (
	// old is from when on events are historical: what customers are told (the
	// service itself may reroute from 24 h on).
	old = 48 * time.Hour
	// future is how far ahead of the clock a time may lie before it becomes now
	// (common/types timestamp.rs).
	future = 23 * time.Hour
)

// historical says that events and their flag do not fit.
func historical(l *look) []Finding {
	oldest := l.span[0]
	if oldest.IsZero() {
		return nil
	}
	age := l.start.Sub(oldest)
	flagged := l.s.Target.HistoricalMigration
	switch {
	case age > old && !flagged:
		hint := "set target.historical_migration to true"
		switch {
		case l.asRecorded():
			hint = replayEvents
		case l.s.Target.Endpoint == scenario.EndpointCapture:
			hint += " and target.endpoint to batch"
		}
		return l.accommodate(saying{"not-historical", l.timesPath(),
			fmt.Sprintf("events are up to %s days old and travel with those of today: ids overflow, and properties of persons are set back", count(math.Floor(age.Hours()/24))), hint})
	case age <= old && flagged:
		return l.accommodate(saying{"historical-without-need", "target.historical_migration",
			"events of the last two days travel on the historical lane, which is slower and knows no limit for one id: this rehearses something else than the real thing",
			"leave target.historical_migration out"})
	}
	return nil
}

// timesPath is the field that says which times events bear.
func (l *look) timesPath() string {
	if l.s.Replay != nil {
		return "replay"
	}
	return "traffic.timestamps"
}

// clamped says how many events will bear another time than they were given.
func clamped(l *look) []Finding {
	share := 0.0
	from, to := l.span[0], l.span[1]
	if ahead := l.start.Add(future); to.After(ahead) {
		share = min(to.Sub(ahead).Seconds()/max(to.Sub(from).Seconds(), 1), 1)
	}
	path, hint := l.timesPath(), "give them times of the past, or say when the run starts in intake.starts"
	if t := l.s.Traffic; t != nil {
		if skew := t.Timestamps.ClockSkew; t.Timestamps.Now && skew > 0 {
			share, hint = max(share, math.Erfc(float64(future)/float64(skew)/math.Sqrt2)/2), "set traffic.timestamps.clock_skew to a few hours at most"
		}
		for _, f := range t.Faults.Invalid {
			if f.Kind == scenario.InvalidTimestamp && f.Share > 0 {
				share, path, hint = share+f.Share, "traffic.faults", "leave bad_timestamp out of traffic.faults, unless that is what is rehearsed"
			}
		}
	}
	n := math.Round(share * float64(l.load.Events))
	if n < 1 {
		return nil
	}
	return l.accommodate(saying{"timestamps-clamped", path,
		fmt.Sprintf("%s events bear a time more than %.0f hours ahead of the clock: they will be taken for events of now", count(n), future.Hours()), hint})
}
