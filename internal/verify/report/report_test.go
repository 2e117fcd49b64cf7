package report

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"rehearse/internal/verify"
)

// found is a report in which everything is wrong, with names that would be markup.
func found() *verify.Report {
	return &verify.Report{
		Run: verify.RunRow{
			ID:        "20261130T054207Z-1",
			Scenario:  "<b>acme|`x`</b>",
			Attempts:  2,
			StartedAt: "2026-11-30T05:42:07.123456789Z",
		},
		Source: verify.SourceRow{
			Kind:     "export",
			Name:     "a&b.jsonl",
			Complete: false,
			Why:      "the file breaks off",
			Read:     1_000_000,
			All:      4_000_000,
			Missing:  []string{"properties"},
		},
		Rows: verify.Rows{
			All:        20,
			First:      7,
			Planned:    1,
			Duplicated: 2,
			OtherRun:   3,
			Foreign:    4,
			Unusable:   map[verify.Unusable]int64{verify.NoUUID: 1, verify.Refused: 2},
		},
		Events: verify.Events{
			Planned: 1234, Repeated: 1, Accepted: verify.Accepted{Present: 7, Lost: 3, Dropped: 2},
			Unsure:   verify.Unsure{Arrived: 4, NotArrived: 5},
			Rejected: verify.Refusals{Absent: 6, Taken: 8}, Unsent: verify.Unsent{Absent: 9, Seen: 10}, Unread: 11,
			Duplicated: 12, Merged: 13,
		},
		Content: verify.Content{Compared: []string{"event", "distinct_id"}, Events: 7, Altered: 2, AtLeast: true},
		Order:   verify.Order{Judged: true, Events: 7, Misordered: 1},
		Persons: &verify.Persons{
			Source:      "p.jsonl",
			Complete:    true,
			Merges:      5,
			NotFollowed: 1,
			IDs:         9,
			Judged:      8,
			Split:       1,
			Joined:      2,
			Missing:     3,
		},
		Visible: &verify.Visible{
			Events:  7,
			P50:     12,
			P95:     1500,
			P99:     2000,
			Max:     60_000,
			Drain:   3000,
			Buckets: []verify.VisibleRow{{UpTo: 16, Events: 6}, {UpTo: 2048, Events: 1}},
		},
		Drain: &verify.Drain{
			Expected: 12,
			Looks:    40,
			Points: []verify.Point{{At: -1500, Visible: 3, Rows: 4}, {At: 500, Visible: 7, Rows: 9},
				{At: 90_000, Visible: 10, Rows: 20}},
		},
		Judgement: verify.Judgement{
			Thresholds: []verify.ThresholdRow{{Text: "lost == 0", Value: "3", Known: true}, {Text: "altered == 0"},
				{Text: "taken < 9", Value: "8", OK: true, Known: true}},
			Verdict: verify.Invalid, Because: verify.Incomplete,
		},
		Notes: []verify.Note{{Code: verify.NoteDamage, Text: "ledger is damaged at byte 7"},
			{Code: verify.NoteStarts, Text: "3ms"}, {Code: verify.NoteAnswers, Count: 5},
			{Code: verify.NoteForgotten, Count: 6}, {Code: verify.NoteUnequal, Count: 7},
			{Code: verify.NoteUnread, Text: "gone"}, {Code: verify.NoteSampled, Count: 8}},
	}
}

// TestForms: what was found stands in every form, and what others wrote is no markup in
// any.
func TestForms(t *testing.T) {
	t.Parallel()
	r := found()
	html, err := HTML(r)
	if err != nil {
		t.Fatal(err)
	}
	forms := map[string]string{"html": string(html)}
	for name, write := range map[string]func(io.Writer, *verify.Report) error{
		"text":     WriteText,
		"markdown": WriteMarkdown,
		"junit":    WriteJUnit,
	} {
		var b bytes.Buffer
		if err := write(&b, r); err != nil {
			t.Fatal(err)
		}
		forms[name] = b.String()
	}
	forms["text"] += Verdict(r, 120)
	for name, form := range forms {
		if name != "text" && strings.Contains(form, "<b>") {
			t.Errorf("%s has markup of a stranger", name)
		}
		for _, want := range []string{"lost == 0", "the file breaks off"} {
			if !strings.Contains(form, want) {
				t.Errorf("%s does not say %q:\n%s", name, want, form)
			}
		}
		if name == "junit" {
			continue
		}
		for _, want := range []string{
			"1,234", "stored all the same", "sent by another run", "of another run of this seed", "without a uuid",
			"requests that were refused",
			"at least 2 altered of 7 events compared", "1 of 7 events came after a later one",
			"1 person split, 2 wrongly joined, 3 ids missing, after 5 merges of 9 ids", "p95 1.50 s",
			"arrived 3 s after the end of the run",
			"10 of 12 accepted events were visible 90 s after the end of the run, when the watch ended, in 40 looks",
			"ledger is damaged at byte 7", "3ms apart", "5 recorded requests", "6 rows of events", "7 more blocks",
			"gone", "8 events, a sample",
		} {
			if !strings.Contains(strings.NewReplacer(`\_`, "_", `\*`, "*").Replace(form), want) {
				t.Errorf("%s does not say %q:\n%s", name, want, form)
			}
		}
	}
	var suites struct {
		Suite struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Errors   int `xml:"errors,attr"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(forms["junit"]), &suites); err != nil || suites.Suite.Tests != 4 ||
		suites.Suite.Failures != 1 || suites.Suite.Errors != 2 {
		t.Errorf("%+v, %v", suites, err)
	}
}

// TestBecause: every reason of an invalid verdict has its words.
func TestBecause(t *testing.T) {
	t.Parallel()
	for because, want := range map[verify.Because]string{
		verify.Incomplete:   "could not be read to its end: the file breaks off",
		verify.Interrupted:  "stopped by a signal after 1.0 MB of 4.0 MB (25 %)",
		verify.NothingThere: "no event of this run", verify.NoRows: "the source is empty",
		verify.Untrusted: "the ledger of the run is damaged",
		verify.NotKnown:  "does not tell what a threshold asks for: altered == 0",
	} {
		r := found()
		r.Because = because
		if got := Verdict(r, 120); !strings.Contains(got, want) ||
			!strings.HasSuffix(got, "verdict: invalid (exit 120)") {
			t.Errorf("%s: %q does not say %q", because, got, want)
		}
	}
}
