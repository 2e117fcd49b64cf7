package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"rehearse/internal/text"
	"rehearse/results/rundir"
)

// FarEnd is what the embedded endpoint had counted when the run was over, as far
// as the books can be held against it. A yes is not an acceptance: Lost and
// OverQuota are events that the run counts as accepted.
type FarEnd struct {
	Kept      int64 // events that reached a lane of the pipeline
	Lost      int64 // answered yes and dropped: a script asked for it
	OverQuota int64 // answered yes and dropped, as the real one does it over quota
	Dropped   int64 // the same, by a rule, or because only imports are taken
	Filtered  int64 // the same of $performance_event, which nobody expects to be kept
	Refused   int64 // kept, though their request was refused
}

// stageFormat is the layout of endpoint.json.
const stageFormat = "rehearse/stage/v1"

// readFarEnd reads endpoint.json; nil without an error if there is none.
func readFarEnd(path string) (*FarEnd, error) {
	data, err := rundir.ReadFile(path, EndpointFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var counted struct {
		Format string `json:"format"`
		Events struct {
			Accepted int64 `json:"accepted"`
			Lost     int64 `json:"lost"`
			Filtered int64 `json:"filtered"`
			Stored   int64 `json:"stored"`
		} `json:"events"`
		Pipeline struct {
			OverQuota int64 `json:"over_quota"`
			Dropped   int64 `json:"dropped"`
		} `json:"pipeline"`
	}
	if err := json.Unmarshal(data, &counted); err != nil {
		return nil, err
	}
	if counted.Format != stageFormat {
		return nil, fmt.Errorf("its format is %q, and only %q is known", text.Printable(counted.Format, 40), stageFormat)
	}
	events, pipeline := &counted.Events, &counted.Pipeline
	return &FarEnd{
		Kept: events.Accepted - pipeline.OverQuota - pipeline.Dropped, Lost: events.Lost,
		OverQuota: pipeline.OverQuota, Dropped: pipeline.Dropped, Filtered: events.Filtered, Refused: events.Stored,
	}, nil
}

// failures says that the endpoint kept fewer events than were accepted. What it is
// known to filter was not to be kept. Events that were sent again may be kept twice,
// so that what it says it dropped counts by itself.
func (f *FarEnd) failures(accepted int64) []string {
	if f == nil {
		return nil
	}
	missing := max(accepted-f.Kept-f.Filtered, f.Lost+f.OverQuota+f.Dropped)
	if missing <= 0 {
		return nil
	}
	return []string{fmt.Sprintf("the endpoint kept %s of %s that it accepted: %s missing%s",
		text.Count(f.Kept), text.Plural(accepted, "event"), text.Count(missing), f.dropped())}
}

// dropped says in parentheses what was answered yes and dropped.
func (f *FarEnd) dropped() string {
	var parts []string
	if f.Lost > 0 {
		parts = append(parts, text.Count(f.Lost)+" lost")
	}
	if f.OverQuota > 0 {
		parts = append(parts, text.Count(f.OverQuota)+" over quota")
	}
	if f.Dropped > 0 {
		parts = append(parts, text.Count(f.Dropped)+" by a rule")
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// Against says it in a sentence, against the events that were sent.
func (f *FarEnd) Against(sent int64) string {
	said := "the endpoint kept " + text.Plural(f.Kept, "event")
	if f.Kept > sent {
		said += ", some of them more than once, as they were sent again"
	}
	if f.Lost > 0 {
		said += "; it answered yes and lost " + text.Count(f.Lost)
	}
	if f.OverQuota > 0 {
		said += "; it answered yes and dropped " + text.Count(f.OverQuota) + " over quota"
	}
	if f.Dropped > 0 {
		said += "; it answered yes and dropped " + text.Count(f.Dropped) + " by a rule"
	}
	if f.Refused > 0 {
		said += "; of requests that it refused it kept " + text.Plural(f.Refused, "event")
	}
	return said
}
