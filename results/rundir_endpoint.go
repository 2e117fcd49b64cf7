package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"rehearse/internal/text"
	"rehearse/results/rundir"
)

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
