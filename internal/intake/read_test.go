package intake

import (
	"strings"
	"testing"
	"time"

	"rehearse/scenario"
)

func TestAnswersOfYesAndNo(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]scenario.Answer{
		"yes": scenario.Yes, "Y": scenario.Yes, "TRUE": scenario.Yes, "Yes.": scenario.Yes,
		"no": scenario.No, "n": scenario.No, "False": scenario.No,
		"": scenario.Unanswered, "perhaps": scenario.Unanswered, "yes, but": scenario.Unanswered,
	} {
		got, err := readAnswer(text)
		if got != want || (err == nil) != (want != scenario.Unanswered) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func TestStarts(t *testing.T) {
	t.Parallel()
	ten := "2026-12-01T10:00:00Z" // a Tuesday
	for _, c := range []struct{ text, want string }{
		{"2026-12-01T10:00:00Z", ten}, {"2026-12-01 10:00", ten}, {"2026-12-01 10:00 UTC", ten},
		{"2026-12-01, 10:00:00 Z", ten},
		{"Tue 2026-12-01 10:00", ten}, {"tuesday, 2026-12-01T10:00", ten},
		{"2026-12-01T11:00:00+01:00", "2026-12-01T11:00:00+01:00"},
		{"2026-12-01 11:00 +01:00", "2026-12-01T11:00:00+01:00"},
		{"2026-12-01 05:00 -05:00", "2026-12-01T05:00:00-05:00"},
		{"2026-12-01 11:00 Europe/Berlin", "2026-12-01T11:00:00+01:00"},
		{"Wed 2026-07-01 11:00 Europe/Berlin", "2026-07-01T11:00:00+02:00"},
		{"2026-12-01 11:00 Europe/Atlantis", `unknown time zone "Europe/Atlantis"`},
		{"2026-12-01 11:00 ../../etc/passwd", `unknown time zone "../../etc/passwd"`},
		{"2027-03-28 02:30 Europe/Berlin",
			"no clock in Europe/Berlin ever shows 2027-03-28 02:30:00, because it is set forward then: " +
				"write the time with its offset"},
		{"2026-10-25 02:30 Europe/Berlin",
			"clocks in Europe/Berlin show 2026-10-25 02:30:00 twice, because they are set back then: " +
				"write 2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00"},
		{"2026-12-01", "2026-12-01T00:00:00Z"}, {"2026-12-01T10:00:00.75Z", ten},
		{"Mon 2026-12-01", "2026-12-01 is a Tuesday, not a Monday"}, {"1066-10-14", "lies before 1970"},
		{"next Tuesday", `cannot read "next Tuesday" as a time`}, {"Tuesday", `cannot read "Tuesday" as a time`},
		{"2026-02-30", `cannot read "2026-02-30" as a time`}, {"12/01/2026", `cannot read "12/01/2026" as a time`},
	} {
		got, err := readStart(c.text)
		if text := got.Format(time.RFC3339); err == nil && text != c.want || err != nil && err.Error() != c.want {
			t.Errorf("%q: %s, %v; want %s", c.text, text, err, c.want)
		}
	}
}

func TestBatches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text         string
		fewest, most int
		wrong        string
	}{
		{"100", 100, 100, ""}, {"1,000 events", 1000, 1000, ""}, {"20-100", 20, 100, ""}, {"20 to 100", 20, 100, ""},
		{"1..10", 1, 10, ""},
		{"none", 1, 1, ""}, {"1k", 1000, 1000, ""}, {"1,000 – 2,000", 1000, 2000, ""},
		{"0", 0, 0, "must be 1 to 100,000 events a request"}, {"200000", 0, 0, "must be 1 to 100,000"},
		{"many", 0, 0, "cannot read"}, {"1.000", 0, 0, "write 1000"},
		{"100-20", 0, 0, "100 is more than 20: the fewest come first"}, {"-5", 0, 0, "negative"},
		{"1-2-3", 0, 0, "cannot read"},
	} {
		fewest, most, err := readBatch(c.text)
		if c.wrong == "" && (err != nil || fewest != c.fewest || most != c.most) {
			t.Errorf("%q: %d to %d, %v", c.text, fewest, most, err)
		}
		if c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
			t.Errorf("%q: %v, want %s", c.text, err, c.wrong)
		}
	}
}

func TestPeaks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want float64 // events per second; 0: refused
	}{
		{"5000/s", 5000}, {"5,000", 5000}, {"5,000 events/s", 5000}, {"5000 events per second", 5000}, {"5k/sec", 5000},
		{"300k/min", 5000}, {"300,000 events per minute", 5000}, {"1.8M / hour", 500}, {"1.8 million per hour", 500},
		{"864 per day", 0.01},
		{"about 5,000 events/sec", 5000}, {"1.250k/s", 1250}, {"0.125/s", 0.125},
		{"5.000/s", 0}, {"5.000 events per second", 0}, {"0", 0}, {"-5/s", 0}, {"2G/s", 0}, {"fast", 0},
		{"5000 requests/s", 0}, {"0.0001/s", 0},
	} {
		got, err := readPeak(c.text)
		if got != c.want || (err == nil) != (c.want > 0) {
			t.Errorf("%q: %v, %v; want %v", c.text, got, err, c.want)
		}
	}
}

func TestExtents(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text   string
		d      time.Duration
		events int64
	}{
		{"2h", 2 * time.Hour, 0}, {"1h30m", 90 * time.Minute, 0}, {"1 hour and 30 minutes", 90 * time.Minute, 0},
		{"2 days", 48 * time.Hour, 0},
		{"1.5h", 90 * time.Minute, 0}, {"3w", 21 * 24 * time.Hour, 0}, {"250ms", 250 * time.Millisecond, 0},
		{"5m", 5 * time.Minute, 0},
		{"400M", 0, 400e6}, {"400M events", 0, 400e6}, {"400 million events", 0, 400e6}, {"36,000,000 events", 0, 36e6},
		{"5 events", 0, 5},
		{"36M events in 2h", 2 * time.Hour, 36e6}, {"36M events over 2 hours", 2 * time.Hour, 36e6},
		{"2h, 36M events", 2 * time.Hour, 36e6},
		{"1.2 billion events within 3 days", 72 * time.Hour, 1.2e9}, {"500k in 10 min", 10 * time.Minute, 500e3},
		{"1.125h", 4050 * time.Second, 0}, {"1.250M events", 0, 1.25e6}, {"36.000 events", 0, 0},
		{"36.000.000 events", 0, 0},
		{"7200", 0, 0}, {"", 0, 0}, {"soon", 0, 0}, {"2h 5M 6M", 0, 0}, {"2h at night", 0, 0}, {"367d", 0, 0},
		{"0s", 0, 0}, {"0 events", 0, 0},
		{"9008T events", 0, 0}, {"10G G", 0, 0}, {"1e6 events", 0, 0}, {"99999999999M events", 0, 0},
		{"2 fortnights", 0, 0},
	} {
		d, events, err := readExtent(c.text)
		if d != c.d || events != c.events || (err == nil) != (c.d > 0 || c.events > 0) {
			t.Errorf("%q: %v and %d, %v", c.text, d, events, err)
		}
	}
}

func TestRamps(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"10m":        10 * time.Minute,
		"none":       0,
		"0":          0,
		"No":         0,
		"0s":         0,
		"10 minutes": 10 * time.Minute,
		"5M events":  -1,
		"slow":       -1,
	} {
		got, err := readRamp(text)
		if (err != nil) != (want < 0) || err == nil && got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func TestLinesOfText(t *testing.T) {
	t.Parallel()
	for text, good := range map[string]bool{
		"Acme": true, "Ac\nme": false, "a\x1bb": false, "${TOKEN}": false, "\xff": false,
		strings.Repeat("é", 200): true, strings.Repeat("é", 201): false,
	} {
		if _, err := readLine(text); (err == nil) != good {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func TestMergeAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"none", ""}, {"No.", ""}, {"$identify", "$identify"}, {"$identify, $create_alias", "$identify, $create_alias"},
		{"$identify and $merge_dangerously", "$identify, $merge_dangerously"}, {"$identify 3%", "$identify 3%"},
		{"$identify: 5%, $create_alias", "$identify 5%, $create_alias"},
		{"$identify\n$create_alias", "$identify, $create_alias"},
		{"$identify,5000\n$create_alias,20", "$identify 5,000, $create_alias 20"},
	} {
		got, err := readMerges(c.text)
		if err != nil || got.said() != c.want {
			t.Errorf("%q: %+v, %v", c.text, got, err)
		}
	}
	for _, text := range []string{"login", "$identify, login", "login 5%", "all"} {
		if _, err := readMerges(text); err == nil ||
			!strings.Contains(err.Error(), "does not merge persons: only $identify") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
