package intake

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// given makes answers from pairs of key and text.
func given(pairs ...string) map[string]string {
	all := make(map[string]string)
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i]] = pairs[i+1]
	}
	return all
}

func TestContradictions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		given map[string]string
		want  string // what and the hint of the only mistake
	}{
		// 2 h of 5,000/s with 10 m of ramp are 5,000 · (7,200 - 300) = 34.5 M;
		// 50 M want 50 M / 6,900 s = 7,246.4/s or 10,000 s + 300 s.
		{given("peak-rate", "5000/s", "duration", "50M events in 2h", "ramp", "10m"),
			"duration: 50,000,000 events do not fit: 2h of at most 5,000 events/s are 34,500,000 events (make the " +
				"peak 7,247/s or more, or the duration 2h51m40s or longer)"},
		{given("peak-rate", "5000/s", "duration", "50M events in 2h"),
			"duration: 50,000,000 events do not fit: 2h of at most 5,000 events/s are 36,000,000 events (make the " +
				"peak 6,945/s or more, or the duration 2h46m40s or longer)"},
		{given("ramp", "3h", "duration", "2h"),
			"ramp: a ramp of 3h does not fit into 2h (make the ramp shorter, or the duration longer)"},
		// A ramp to 1,000/s in 10 m is 300,000 events; 200 s of it are 100,000.
		{given("peak-rate", "1000/s", "duration", "100k events", "ramp", "10m"),
			"ramp: the ramp alone sends 300,000 events, and there are 100,000 (make it 3m20s at most, " +
				"or the peak lower)"},
		{given("peak-rate", "1/s", "duration", "400M events"),
			"duration: 400,000,000 events at 1/s take 4630 days (raise the peak, or rehearse a part: " +
				"366 days are the most)"},
		{given("peak-rate", "1G/s", "duration", "365d"), "duration: that would be 3.15e+16 events (2^53 are the most)"},
		{given("peak-rate", "0.01/s", "duration", "30s"),
			"duration: that would not be one event (raise the peak, or make it last longer)"},
		{given("historical", "2026-11-30 to 2026-12-01", "starts", "2026-12-01 10:00"),
			"historical: no event of 2026-11-30 to 2026-12-01 is older than 48 hours at the start, " +
				"2026-12-01T10:00:00Z (answer no, or give the period that the events are of)"},
		{given("historical", "2026-01 to 2026-12", "starts", "2026-12-01 10:00"),
			"historical: the period ends on 2026-12-31, which is still to come at the start, " +
				"2026-12-01T10:00:00Z (give the period up to the start, or start later)"},
		{given("hottest-ids", "a,500\nb,3", "duration", "400 events"),
			"hottest-ids: the busiest distinct_id has 500 events, and there are 400 in all (correct one of the two, " +
				"or give shares)"},
		{given("hottest-ids", "a,300\nb,200", "duration", "400 events"),
			"hottest-ids: the distinct_ids have 500 events together, and there are 400 in all (correct one of the " +
				"two, or give shares)"},
		// 10/s for 100 s without a ramp are 1,000 events.
		{given("hottest-ids", "a,1100", "peak-rate", "10/s", "duration", "100s", "ramp", "none"),
			"hottest-ids: the busiest distinct_id has 1,100 events, and there are 1,000 in all (correct one of the " +
				"two, or give shares)"},
		{given("event-types", "a 300, b 200", "duration", "400 events"),
			"event-types: the event types add up to 500 events, and there are 400 in all (correct one of the two, " +
				"or give shares)"},
		{given("event-types", "$pageview 97%, $identify 3%", "merge-events", "$identify, $create_alias"),
			"merge-events: $create_alias is not among the event types (list it there with its share or count, " +
				"or leave it out here)"},
		{given("event-types", "$pageview 97%, $identify 3%", "merge-events", "none"),
			"merge-events: $identify is among the event types and merges persons, but is not named here (name it, " +
				"or take it out there)"},
		{given("event-types", "$pageview 97%, $identify 3%", "merge-events", "$identify 5%"),
			"merge-events: $identify is 5% here and 3% among the event types (one of them is wrong)"},
		{given("event-types", "$pageview 97%, $identify 3%", "merge-events", "$identify 500"),
			"merge-events: $identify is 500 here and 3% among the event types (give the name alone)"},
		{given("merge-events", "$identify 500"),
			"merge-events: gives counts, and the total number of events is not given (give shares such " +
				"as $identify 3%, or say in duration how many events there are)"},
		{given("event-types", "$pageview 40, $identify 60"),
			"merge-events: 60% of the events merge persons (half of them is the most: " +
				"each merge needs an earlier event of the id that it joins)"},
		{given("merge-events", "$identify 500", "duration", "400 events"),
			"merge-events: 125% of the events merge persons (half of them is the most: " +
				"each merge needs an earlier event of the id that it joins)"},
	} {
		_, err := Understand(c.given)
		if err == nil || err.Error() != c.want {
			t.Errorf("%v\ngot  %v\nwant %s", c.given, err, c.want)
		}
	}
}

// TestAgreement: what looks like a contradiction and is none.
func TestAgreement(t *testing.T) {
	t.Parallel()
	for _, all := range []map[string]string{
		given("peak-rate", "5000/s", "duration", "34.5M events in 2h", "ramp", "10m"),
		given("peak-rate", "5000/s", "duration", "36M events in 2h"), // there is no room for a ramp
		given("ramp", "2h", "duration", "2h"),
		given("ramp", "10m", "duration", "1k events"), // the peak is whatever the ramp allows
		given("peak-rate", "0.001/s", "duration", "2 events"),
		given("hottest-ids", "a,404", "duration", "400 events"), // somebody rounded
		given("merge-events", "none"), given("merge-events", "$identify 50%"),
		given("event-types", "$pageview 970, $identify 30", "merge-events", "$identify 30"),
	} {
		if _, err := Understand(all); err != nil {
			t.Errorf("%v: %v", all, err)
		}
	}
}

// TestMistakesComeAtOnce: all answers that cannot be read, and all that
// contradict each other.
func TestMistakesComeAtOnce(t *testing.T) {
	t.Parallel()
	_, err := Understand(given("apps", "perhaps", "peak-rate", "fast", "ramp", "slow", "duration", "2h"))
	var wrong Mistakes
	if !errors.As(err, &wrong) || len(wrong) != 3 {
		t.Errorf("unreadable: %v", err)
	}
	_, err = Understand(given("ramp", "3h", "duration", "2h", "event-types", "a 97%, $identify 3%", "merge-events",
		"$create_alias"))
	if !errors.As(err, &wrong) || len(wrong) != 3 { // the ramp, the alias, the identify
		t.Errorf("contradictions: %v", err)
	}
	keys := Keys()
	for _, m := range wrong {
		for _, k := range m.Keys {
			if !slices.Contains(keys, k) {
				t.Errorf("%q is no question", k)
			}
		}
	}
	if !strings.Contains(err.Error(), "\n") {
		t.Errorf("one line for all:\n%v", err)
	}
}
