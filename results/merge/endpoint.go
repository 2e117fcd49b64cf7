package merge

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"rehearse/results/rundir"
	"rehearse/staging/stats"
)

// joinEndpointCounts writes the sum of what the embedded endpoints of the inputs counted.
// Each shard that has an endpoint.json had an endpoint of its own, so that nothing
// is counted twice; where some have none, the sum would be of a part, and there is
// none.
func (m *merger) joinEndpointCounts(path string) error {
	all := stats.Endpoint{Format: stats.Format}
	if m.there < m.of {
		return nil
	}
	for _, s := range m.inputs {
		if s.Endpoint == nil {
			return nil
		}
		text, err := rundir.ReadFile(s.Path, rundir.EndpointFile)
		var one *stats.Endpoint
		if err == nil {
			one, err = stats.Parse(text)
		}
		if err == nil {
			err = all.Add(one)
		}
		if err != nil {
			return fmt.Errorf("%q: %w", filepath.Join(s.Path, rundir.EndpointFile), err)
		}
	}
	text, err := json.MarshalIndent(&all, "", "  ")
	if err != nil {
		return err
	}
	return rundir.Replace(path, rundir.EndpointFile, append(text, '\n'))
}
