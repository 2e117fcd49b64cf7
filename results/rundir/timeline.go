package rundir

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"rehearse/results"
)

// column is one column of the file: its name and where a row has it, an *int64
// or a *float64.
type column struct {
	name string
	of   func(*results.Row) any
}

// columns are the columns in the order of the file. New ones go to the end.
var columns = []column{
	{"from_s", func(r *results.Row) any { return &r.From }},
	{"to_s", func(r *results.Row) any { return &r.To }},
	{"target_events_per_s", func(r *results.Row) any { return &r.Target }},
	{"in_flight_requests", func(r *results.Row) any { return &r.InFlight.Requests }},
	{"in_flight_events", func(r *results.Row) any { return &r.InFlight.Events }},
	{"accepted_requests", func(r *results.Row) any { return &r.Accepted.Requests }},
	{"accepted_events", func(r *results.Row) any { return &r.Accepted.Events }},
	{"rejected_requests", func(r *results.Row) any { return &r.Rejected.Requests }},
	{"rejected_events", func(r *results.Row) any { return &r.Rejected.Events }},
	{"ambiguous_requests", func(r *results.Row) any { return &r.Ambiguous.Requests }},
	{"ambiguous_events", func(r *results.Row) any { return &r.Ambiguous.Events }},
	{"unsent_requests", func(r *results.Row) any { return &r.Unsent.Requests }},
	{"unsent_events", func(r *results.Row) any { return &r.Unsent.Events }},
	{"late_build_requests", func(r *results.Row) any { return &r.LateBuild }},
	{"late_pace_requests", func(r *results.Row) any { return &r.LatePace }},
	{"late_connection_requests", func(r *results.Row) any { return &r.NoConnection }},
	{"body_bytes", func(r *results.Row) any { return &r.BodyBytes }},
	{"wire_bytes", func(r *results.Row) any { return &r.WireBytes }},
	{"latency_p50_ms", func(r *results.Row) any { return &r.LatencyP50 }},
	{"latency_p99_ms", func(r *results.Row) any { return &r.LatencyP99 }},
	{"latency_max_ms", func(r *results.Row) any { return &r.LatencyMax }},
	{"service_p50_ms", func(r *results.Row) any { return &r.ServiceP50 }},
	{"service_p99_ms", func(r *results.Row) any { return &r.ServiceP99 }},
	{"lag_p99_ms", func(r *results.Row) any { return &r.LagP99 }},
	{"lag_max_ms", func(r *results.Row) any { return &r.LagMax }},
	{"too_long", func(r *results.Row) any { return &r.Overflow }},
	{"rejections_left_out", func(r *results.Row) any { return &r.LeftOut }},
	{"latency_p90_ms", func(r *results.Row) any { return &r.LatencyP90 }},
	{"retried_requests", func(r *results.Row) any { return &r.Retried }},
	{"late_held_requests", func(r *results.Row) any { return &r.Held }},
	{"late_stall_requests", func(r *results.Row) any { return &r.LateStall }},
	{"stalled_ms", func(r *results.Row) any { return &r.Stalled }},
	{"expected_refused_events", func(r *results.Row) any { return &r.ExpectedRefused }},
}

// ever is how many of the columns every timeline has. The others were added
// later: a file without them has nothing to say of them.
const ever = 28

// timelineHeader is the first line of the file.
func timelineHeader() string {
	var line []byte
	for _, c := range columns {
		line = append(append(line, c.name...), ',')
	}
	line[len(line)-1] = '\n'
	return string(line)
}

// appendRow appends the line of r.
func appendRow(dst []byte, r results.Row) []byte {
	for _, c := range columns {
		switch v := c.of(&r).(type) {
		case *int64:
			dst = strconv.AppendInt(dst, *v, 10)
		case *float64:
			if !math.IsNaN(*v) {
				dst = strconv.AppendFloat(dst, *v, 'f', 3, 64)
			}
		}
		dst = append(dst, ',')
	}
	dst[len(dst)-1] = '\n'
	return dst
}

// ReadTimeline reads a timeline.csv. It goes by the names of the columns and
// passes over those it does not know. With ErrTorn it returns the rows before
// the tear.
func ReadTimeline(in io.Reader) (rows []results.Row, err error) {
	err = eachRow(in, func(row *results.Row) error {
		rows = append(rows, *row)
		return nil
	})
	if err != nil && !errors.Is(err, ErrTorn) {
		return nil, err
	}
	return rows, err
}

// eachRow calls do with every row of a timeline, and ends where do fails. After ErrTorn do
// has had what stood before the tear.
func eachRow(in io.Reader, do func(*results.Row) error) error {
	var of []*column // the columns of the file; nil: not known
	lines, failed := 0, false
	err := eachLine(in, func(line []byte) error {
		lines++
		if of == nil {
			names := strings.Split(string(line), ",")
			of = columnsOf(names)
			return missingColumn(names)
		}
		r, err := parseRow(of, string(line))
		if err != nil {
			return err
		}
		err = do(&r)
		failed = err != nil
		return err
	})
	switch {
	case failed:
		return err
	case errors.Is(err, ErrTorn), err == nil && of == nil:
		return ErrTorn
	case err != nil:
		return fmt.Errorf("cannot read timeline.csv: line %d: %w", lines, err)
	}
	return nil
}

// columnsOf are the columns with such names; nil for one that is not known.
func columnsOf(names []string) []*column {
	all := make([]*column, len(names))
	for i, name := range names {
		if c := slices.IndexFunc(columns, func(c column) bool { return c.name == name }); c >= 0 {
			all[i] = &columns[c]
		}
	}
	return all
}

// missingColumn is an error if names lacks a column that was always there.
func missingColumn(names []string) error {
	for _, c := range columns[:ever] {
		if !slices.Contains(names, c.name) {
			return fmt.Errorf("no column %q", c.name)
		}
	}
	return nil
}

// parseRow reads the fields of one line.
func parseRow(of []*column, line string) (r results.Row, err error) {
	if fields := strings.Count(line, ",") + 1; fields != len(of) {
		return r, fmt.Errorf("%d fields under %d columns", fields, len(of))
	}
	for _, c := range of {
		var field string
		field, line, _ = strings.Cut(line, ",")
		if c == nil {
			continue
		}
		switch v := c.of(&r).(type) {
		case *int64:
			*v, err = strconv.ParseInt(field, 10, 64)
		case *float64:
			*v, err = parseCell(c.name, field)
		}
		if err != nil {
			return r, fmt.Errorf("column %s: %q is no number", c.name, field)
		}
	}
	return r, nil
}

// parseCell reads a number of a column. The cell of a duration may be empty, which
// is NaN.
func parseCell(name, text string) (float64, error) {
	if text == "" && strings.HasSuffix(name, "_ms") {
		return math.NaN(), nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err == nil && (math.IsNaN(v) || math.IsInf(v, 0)) {
		err = strconv.ErrRange
	}
	return v, err
}
