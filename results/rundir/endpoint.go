package rundir

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"rehearse/internal/text"
	"rehearse/results"
)

// stageFormat is the layout of endpoint.json.
const StageFormat = "rehearse/stage/v1"

// readFarEnd reads endpoint.json; nil without an error if there is none.
func readFarEnd(path string) (*results.FarEnd, error) {
	data, err := ReadFile(path, EndpointFile)
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
	if counted.Format != StageFormat {
		return nil, fmt.Errorf("its format is %q, and only %q is known", text.Printable(counted.Format, 40), StageFormat)
	}
	events, pipeline := &counted.Events, &counted.Pipeline
	return &results.FarEnd{
		Kept: events.Accepted - pipeline.OverQuota - pipeline.Dropped, Lost: events.Lost,
		OverQuota: pipeline.OverQuota, Dropped: pipeline.Dropped, Filtered: events.Filtered, Refused: events.Stored,
	}, nil
}
