package sql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tidwall/gjson"

	"rehearse/internal/verify"
)

// Options say what a database is asked.
type Options struct {
	Kind       string     // clickhouse or hogql
	Query      string     // the SELECT that gives the events; empty: DefaultQuery
	Since      time.Time  // rows that came before it are of no interest
	Prefix     string     // of the distinct_ids of the run; empty: none
	Properties Properties // which rows are read to compare properties
	Endpoint   Endpoint

	limits limits // zero: those of the kind
}

// Properties says of which events the properties are compared, beside those of events
// that something is wrong with.
type Properties string

// Of which events properties are compared.
const (
	All    Properties = "all"
	Sample Properties = "sample" // one of 64 in a large run, all of a small one
	None   Properties = "none"
)

// limits are what a kind of database answers at most.
type limits struct {
	rows   int64 // of one answer
	chunk  int64 // rows of events that are asked for at once
	pulled int64 // rows of events altogether
	split  int64 // rows in unequal buckets that are read without counting them by more digits first
	sample int64 // rows whose properties are compared, at least
}

// database is a database that is asked about a run.
type database struct {
	Options
	ctx     context.Context
	run     *verify.Run
	query   string
	dialect dialect
	columns columns
	empty   bool // the query gave no row when it was first asked

	told    *told             // what counts and sums said; nil: not asked for
	wanted  []verify.Expected // by fewDigits; nil: not asked for
	queries int64
	read    int64 // rows that were read one by one
	all     int64 // and are to be
}

// Open returns the source that a database is. It asks for one row, to find out whether
// the query can be answered and which columns it gives. ctx ends the reading.
func Open(ctx context.Context, run *verify.Run, o Options) (*verify.Source, error) {
	s := &database{Options: o, ctx: ctx, run: run}
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("cannot ask %s: %w", s.name(), err)
	}
	return &verify.Source{
		Kind: o.Kind, Name: s.name(),
		Open:     s.reader,
		Position: func() (int64, int64) { return s.read, s.all },
		Told:     s.hears,
		Again:    &verify.Again{Reopen: s.reopen, Count: s.visible},
	}, nil
}

// name is the address without what may be secret.
func (s *database) name() string {
	u := *s.Endpoint.URL
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// open finds out what can be asked.
func (s *database) open() (err error) {
	usual := limits{rows: 2_000_000, chunk: 200_000, pulled: 1 << 62, split: 50_000, sample: 20_000}
	switch s.Kind {
	case "clickhouse":
		s.dialect = clickhouse{}
	case "hogql": // answers have up to 50,000 rows (posthog.com/docs/api/queries)
		s.dialect, usual.rows, usual.chunk, usual.pulled = hogql{}, 50_000, 10_000, 400_000
	default:
		return fmt.Errorf("%.40q is no kind of database: want clickhouse or hogql", s.Kind)
	}
	if s.limits == (limits{}) {
		s.limits = usual
	}
	if s.Endpoint.URL.User != nil {
		return errors.New("the address holds credentials: they belong into the environment")
	}
	if s.Query == "" {
		if s.Query, err = DefaultQuery(s.Kind); err != nil {
			return err
		}
	}
	if s.query, err = fill(s.Query, &s.Options); err != nil {
		return err
	}
	return s.look()
}

// look asks for one row.
func (s *database) look() error {
	a, err := s.ask("SELECT *\n" + s.from(nil, 0) + "LIMIT 1")
	if err != nil {
		return err
	}
	defer a.Close()
	row, err := a.Next()
	if errors.Is(err, io.EOF) {
		s.empty = true
		return nil
	}
	if err != nil {
		return err
	}
	var names []string
	gjson.ParseBytes(row).ForEach(func(name, _ gjson.Result) bool {
		names = append(names, name.Str)
		return true
	})
	s.columns, err = columnsOf(names)
	return err
}

// again forgets what was told, to ask again.
func (s *database) reopen() (changed bool, err error) {
	s.told = nil
	if s.empty {
		s.empty = false
		err = s.look()
	}
	return true, err
}

// visible asks how many rows there are by the first digits of their uuids, and counts
// no more in each part than should be there.
func (s *database) visible() (visible, rows int64, err error) {
	if _, err := s.reopen(); err != nil || s.empty {
		return 0, 0, err
	}
	got, want, err := s.askFew()
	if err != nil {
		return 0, 0, err
	}
	for b := range got {
		visible += min(got[b].rows, want[b].Events)
		rows += got[b].rows
	}
	return visible, rows, nil
}

// hears is what the database told in sums.
func (s *database) hears() *verify.Told {
	if s.told == nil {
		return nil
	}
	t := &verify.Told{Holds: s.told.holds, Name: s.columns.name, DistinctID: s.columns.id, NoUUID: s.told.noUUID,
		Latest: s.told.latest}
	t.Rows = s.told.held
	return t
}
