package sql

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// hogql is the query endpoint of PostHog's API (posthog.com/docs/api/queries).
type hogql struct{}

// hogqlQuery is what is asked. Answers are not to come from a cache.
type hogqlQuery struct {
	Query struct {
		Kind  string `json:"kind"`
		Query string `json:"query"`
	} `json:"query"`
	Refresh string `json:"refresh"`
}

func (hogql) request(ctx context.Context, e *Endpoint, query string) (*http.Request, error) {
	var q hogqlQuery
	q.Query.Kind, q.Query.Query, q.Refresh = "HogQLQuery", query, "force_blocking"
	body, err := json.Marshal(&q)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL.String(), bytes.NewReader(body))
	if err == nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, err
}

// hogqlAnswer is what is answered, as far as it is used.
type hogqlAnswer struct {
	Columns []string            `json:"columns"`
	Results [][]json.RawMessage `json:"results"`
	HasMore bool                `json:"hasMore"`
	Cached  bool                `json:"is_cached"`
	Error   string              `json:"error"`
}

// mostAnswer is how long an answer may be, which is read as a whole.
const mostAnswer = 256 << 20

func (hogql) answer(body io.ReadCloser) (answer, error) {
	defer body.Close()
	text, err := io.ReadAll(io.LimitReader(body, mostAnswer+1))
	var a hogqlAnswer
	switch {
	case err != nil:
		return nil, fmt.Errorf("the answer breaks off: %w", err)
	case len(text) > mostAnswer:
		return nil, fmt.Errorf("the answer is longer than %d bytes", mostAnswer)
	case json.Unmarshal(text, &a) != nil:
		return nil, errors.New("the answer is no JSON: is this the address of a query endpoint?")
	case a.Error != "":
		return nil, errors.New("the server says: " + a.Error)
	case a.Results == nil:
		return nil, errors.New("the answer has no results: is this the address of a query endpoint?")
	case a.HasMore:
		return nil, fmt.Errorf("the server gave %d rows and says that there are more: it caps answers", len(a.Results))
	case a.Cached:
		return nil, errors.New("the answer comes from a cache, so that it may be an old one")
	}
	return &tuples{hogqlAnswer: a}, nil
}

// tuples are an answer with a list a row.
type tuples struct {
	hogqlAnswer
	row []byte
}

// Next writes the next row as an object.
func (t *tuples) Next() ([]byte, error) {
	if len(t.Results) == 0 {
		return nil, io.EOF
	}
	values := t.Results[0]
	t.Results = t.Results[1:]
	if len(values) != len(t.Columns) {
		return nil, fmt.Errorf("a row has %d values, and there are %d columns", len(values), len(t.Columns))
	}
	t.row = append(t.row[:0], '{')
	for i, value := range values {
		name, err := json.Marshal(t.Columns[i])
		if err != nil {
			return nil, err
		}
		if i > 0 {
			t.row = append(t.row, ',')
		}
		t.row = append(append(append(t.row, name...), ':'), value...)
	}
	t.row = append(t.row, '}')
	return t.row, nil
}

func (t *tuples) Close() error { return nil }
