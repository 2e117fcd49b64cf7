package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"rehearse/results/rundir"
)

// FarEnd is what the embedded endpoint had counted when the run was over, as far
// as the books can be held against it. A yes is not an acceptance: Lost and
// OverQuota are events that the run counts as accepted.
type FarEnd struct {
	Kept      int64 // events that reached a lane of the pipeline
	Lost      int64 // answered yes and dropped: a script asked for it
	OverQuota int64 // answered yes and dropped, as the real one does it over quota
}

// stageFormat is the layout of endpoint.json.
const stageFormat = "rehearse/stage/v1"

// readFarEnd reads endpoint.json; nil without an error if there is none.
func readFarEnd(path string) (*FarEnd, error) {
	text, err := rundir.ReadFile(path, EndpointFile)
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
		} `json:"events"`
		Pipeline struct {
			OverQuota int64 `json:"over_quota"`
		} `json:"pipeline"`
	}
	if err := json.Unmarshal(text, &counted); err != nil {
		return nil, err
	}
	if counted.Format != stageFormat {
		return nil, fmt.Errorf("its format is %q, and only %q is known", Printable(counted.Format, 40), stageFormat)
	}
	over := counted.Pipeline.OverQuota
	return &FarEnd{Kept: counted.Events.Accepted - over, Lost: counted.Events.Lost, OverQuota: over}, nil
}

// Against says it in a sentence, against the events that were sent.
func (f *FarEnd) Against(sent int64) string {
	text := "the endpoint kept " + plural(f.Kept, "event")
	if f.Kept > sent {
		text += ", some of them more than once, as they were sent again"
	}
	if f.Lost > 0 {
		text += "; it answered yes and lost " + number(f.Lost)
	}
	if f.OverQuota > 0 {
		text += "; it answered yes and dropped " + number(f.OverQuota) + " over quota"
	}
	return text
}
