package rundir

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/staging/stats"
)

// ErrFormat says that a file was written by another version of this program.
var ErrFormat = errors.New("a format that this version does not know; use the version that wrote it, or a newer one")

//go:embed result.schema.json
var schema []byte

// Schema returns the JSON Schema of result.json, draft 2020-12.
func Schema() []byte { return slices.Clone(schema) }

// encode is the text of result.json.
func encode(r *results.Result) ([]byte, error) {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("cannot encode result: %w", err)
	}
	return append(text, '\n'), nil
}

// WriteJSON writes the result as result.json has it.
func WriteJSON(w io.Writer, r *results.Result) error {
	text, err := encode(r)
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return fmt.Errorf("cannot write the result: %w", err)
	}
	return nil
}

// ParseResult reads the text of a result.json. The error is ErrFormat if it is
// one of another version.
func ParseResult(data []byte) (*results.Result, error) {
	var r results.Result
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("cannot read result.json: %w", err)
	}
	if r.Format != results.Format {
		if r.Format == "" {
			return nil, fmt.Errorf("cannot read result.json: it names no format, so it is not of a run of this "+
				"program, or is %w", ErrFormat)
		}
		return nil, fmt.Errorf("cannot read result.json: %q is %w", text.Printable(r.Format, 40), ErrFormat)
	}
	return &r, nil
}

// readEndpoint reads endpoint.json; nil without an error if there is none.
func readEndpoint(path string) (*results.EndpointCounts, error) {
	data, err := ReadFile(path, EndpointFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	counted, err := stats.Parse(data)
	if err != nil {
		return nil, err
	}
	events, pipeline := &counted.Events, &counted.Pipeline
	return &results.EndpointCounts{
		Kept: events.Accepted - pipeline.OverQuota - pipeline.Dropped, Lost: events.Lost,
		OverQuota: pipeline.OverQuota, Dropped: pipeline.Dropped, Filtered: events.Filtered, Refused: events.Stored,
	}, nil
}
