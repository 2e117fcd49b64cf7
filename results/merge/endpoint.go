package merge

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"

	"rehearse/results/rundir"
)

// endpointCounts is what of endpoint.json adds up: what was asked of an endpoint
// and what it answered. How the pipeline behind it fared does not: a bucket, a
// partition, an order and a merge that each saw a part of the load are not those
// of a pipeline that sees it all.
type endpointCounts struct {
	Format   string        `json:"format"`
	Joined   int           `json:"joined,omitempty"` // how many endpoints were added up; 0: it is one
	Requests []requestRow  `json:"requests"`
	Refusals []refusalRow  `json:"refusals"`
	Events   countsByName  `json:"events"`
	Bytes    countsByName  `json:"bytes"`
	Names    []nameRow     `json:"names"`
	Verdicts []verdictRow  `json:"verdicts"`
	Pipeline quotaOfCounts `json:"pipeline"`
	Others   int64         `json:"other_names"`
	Checksum string        `json:"checksum"`
}

// countsByName is an object of counts.
type countsByName map[string]int64

// quotaOfCounts is what of a pipeline's counts adds up.
type quotaOfCounts struct {
	OverQuota int64 `json:"over_quota"`
	Dropped   int64 `json:"dropped,omitempty"`
}

// The rows of endpoint.json, as package staging describes them.
type (
	requestRow struct {
		Route    string `json:"route"`
		Status   int    `json:"status"`
		Requests int64  `json:"requests"`
	}
	refusalRow struct {
		Status   int    `json:"status"`
		Text     string `json:"text"`
		Requests int64  `json:"requests"`
		Events   int64  `json:"events"`
	}
	nameRow struct {
		Name   string `json:"name"`
		Events int64  `json:"events"`
	}
	verdictRow struct {
		Result string `json:"result"`
		Detail string `json:"detail"`
		Events int64  `json:"events"`
	}
)

// joinFarEnds writes the sum of what the embedded endpoints of the shards counted.
// Each shard that has an endpoint.json had an endpoint of its own, so that nothing
// is counted twice; where some have none, the sum would be of a part, and there is
// none.
func (m *merger) joinFarEnds(path string) error {
	all := endpointCounts{Format: rundir.StageFormat, Events: countsByName{}, Bytes: countsByName{}}
	for _, s := range m.shards {
		if s.FarEnd == nil {
			return nil
		}
		text, err := rundir.ReadFile(s.Path, rundir.EndpointFile)
		var one endpointCounts
		if err == nil {
			err = json.Unmarshal(text, &one)
		}
		if err == nil {
			err = all.add(&one)
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

// add adds the counts of one endpoint.
func (c *endpointCounts) add(one *endpointCounts) error {
	c.Joined++
	for name, n := range one.Events {
		c.Events[name] += n
	}
	for name, n := range one.Bytes {
		c.Bytes[name] += n
	}
	c.Requests = addRows(c.Requests, one.Requests, func(r *requestRow) (requestRow, []*int64) {
		return requestRow{Route: r.Route, Status: r.Status}, []*int64{&r.Requests}
	})
	c.Refusals = addRows(c.Refusals, one.Refusals, func(r *refusalRow) (refusalRow, []*int64) {
		return refusalRow{Status: r.Status, Text: r.Text}, []*int64{&r.Requests, &r.Events}
	})
	c.Names = addRows(c.Names, one.Names, func(r *nameRow) (nameRow, []*int64) {
		return nameRow{Name: r.Name}, []*int64{&r.Events}
	})
	c.Verdicts = addRows(c.Verdicts, one.Verdicts, func(r *verdictRow) (verdictRow, []*int64) {
		return verdictRow{Result: r.Result, Detail: r.Detail}, []*int64{&r.Events}
	})
	c.Pipeline.OverQuota += one.Pipeline.OverQuota
	c.Pipeline.Dropped += one.Pipeline.Dropped
	c.Others += one.Others
	return c.addChecksum(one.Checksum)
}

// addChecksum adds a sum over events: the sum over all is the sum of the sums.
func (c *endpointCounts) addChecksum(text string) (err error) {
	if c.Checksum == "" {
		c.Checksum = "0"
	}
	c.Checksum, err = addSums(c.Checksum, text)
	return err
}

// addSums adds two checksums, each in hexadecimal digits.
func addSums(a, b string) (string, error) {
	sum, err := strconv.ParseUint(a, 16, 64)
	if err != nil {
		return "", err
	}
	more, err := strconv.ParseUint(b, 16, 64)
	if err != nil {
		return "", fmt.Errorf("its checksum is not one: %w", err)
	}
	return fmt.Sprintf("%016x", sum+more), nil
}

// addRows adds rows to those that count the same. split tells what a row counts,
// the row without its counts, and where the counts are.
func addRows[R comparable](all, more []R, split func(*R) (kind R, counts []*int64)) []R {
	at := map[R]int{}
	for i := range all {
		kind, _ := split(&all[i])
		at[kind] = i
	}
	if all == nil {
		all = []R{}
	}
	for i := range more {
		kind, counts := split(&more[i])
		k, known := at[kind]
		if !known {
			at[kind] = len(all)
			all = append(all, more[i])
			continue
		}
		_, into := split(&all[k])
		for j, n := range counts {
			*into[j] += *n
		}
	}
	return all
}
