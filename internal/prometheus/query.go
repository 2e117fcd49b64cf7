// Package prometheus asks a Prometheus for single numbers by PromQL, over its HTTP API:
// https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries.
//
//	query.go   one question and its answer
//	watch.go   the same questions over and over while a run goes on
//
// What a server answers is not trusted: its size is bounded, and its words are cut and made
// safe to print.
package prometheus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"rehearse/internal/text"
)

// The bounds of an answer.
const (
	maxAnswer = 1 << 20 // bytes
	within    = 5 * time.Second
)

// Instance is a Prometheus.
type Instance struct {
	query *url.URL // of the API
	http  *http.Client
}

// NewInstance returns the Prometheus at a base URL, reached by dial alone: without a proxy,
// and redirects are not followed.
func NewInstance(base *url.URL,
	dial func(ctx context.Context, network, address string) (net.Conn, error)) *Instance {
	return &Instance{
		query: base.JoinPath("api", "v1", "query"),
		http: &http.Client{
			Timeout:       within,
			Transport:     &http.Transport{DialContext: dial, MaxIdleConns: 1, IdleConnTimeout: time.Minute},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Close closes idle connections.
func (s *Instance) Close() { s.http.CloseIdleConnections() }

// answer is what the API says.
type answer struct {
	Status string `json:"status"`
	Error  string `json:"error"`
	Data   struct {
		Type   string          `json:"resultType"`
		Result json.RawMessage `json:"result"`
	} `json:"data"`
}

// series is one of an instant vector: a time, and the value as text.
type series struct {
	Value [2]any `json:"value"`
}

// Ask returns what a query comes to now. It has to be one finite number: a scalar, or a
// vector of one series.
func (s *Instance) Ask(ctx context.Context, promQL string) (float64, error) {
	form := strings.NewReader(url.Values{"query": {promQL}}.Encode())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.query.String(), form)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := s.http.Do(request)
	if err != nil {
		return 0, fmt.Errorf("the Prometheus at %s does not answer: %w", s.query.Host, unwrapped(err))
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return 0, fmt.Errorf("the Prometheus at %s broke off its answer: %w", s.query.Host, unwrapped(err))
	case len(body) > maxAnswer:
		return 0, errors.New("the answer is larger than 1 MiB: aggregate the query, as in max(…)")
	}
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return 0, fmt.Errorf("%s answers with status %d and no JSON of a Prometheus", s.query.Host,
			response.StatusCode)
	}
	if a.Status != "success" {
		return 0, fmt.Errorf("the Prometheus refuses the query: %s", text.Printable(a.Error, 200))
	}
	return a.value()
}

// unwrapped leaves out the URL that an error of package http names.
func unwrapped(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

// value is the number of an answer.
func (a *answer) value() (float64, error) {
	var pair [2]any
	switch a.Data.Type {
	case "scalar":
		if err := json.Unmarshal(a.Data.Result, &pair); err != nil {
			return 0, errors.New("the answer is no scalar")
		}
	case "vector":
		var all []series
		if err := json.Unmarshal(a.Data.Result, &all); err != nil {
			return 0, errors.New("the answer is no vector")
		}
		if len(all) == 0 {
			return 0, errors.New("the query finds no series: nothing has that name now")
		}
		if len(all) > 1 {
			return 0, fmt.Errorf("the query finds %d series and has to find one: aggregate it, as in max(…)", len(all))
		}
		pair = all[0].Value
	default:
		return 0, fmt.Errorf("the query comes to a %s and has to come to one number", text.Printable(a.Data.Type, 20))
	}
	written, _ := pair[1].(string)
	value, err := strconv.ParseFloat(written, 64)
	if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
		return 0, fmt.Errorf("the query comes to %q, which is no finite number", text.Printable(written, 20))
	}
	return value, nil
}
