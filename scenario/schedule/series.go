package schedule

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"rehearse/internal/units"
)

// seriesBounds are the largest size, decompressed, and the most rows of a series.
type seriesBounds struct {
	bytes int64
	rows  int
}

// Series is a recorded load: how many events each period had.
type Series struct {
	// Spacing is the shortest distance between two periods, and a minute where
	// the periods are not times; 0 where each row says how long it lasts.
	Spacing time.Duration

	rows []seriesRow
}

// row is one line of the recording. Its time is zero where the period is a label.
type seriesRow struct {
	line  int
	at    time.Time
	count float64
	lasts time.Duration // 0: the spacing
}

// SeriesColumns are the names of the columns of a series; a file may have others.
// Seconds is how long each row lasts; empty: as long as the spacing.
type SeriesColumns struct{ Period, Count, Seconds string }

// ReadSeries reads a CSV file with the columns of a series, by its header. A
// period is a time (2025-06-30 21:30:00, RFC 3339, or a date) or, if the first
// one is not, a label that is passed over. A name that ends in .gz is
// decompressed. At most 64 MiB and a million rows are read.
func ReadSeries(path string, columns SeriesColumns) (*Series, error) {
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var plain io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		if plain, err = gzip.NewReader(file); err != nil {
			return nil, err
		}
	}
	return parseSeries(plain, columns, seriesBounds{64 << 20, 1_000_000})
}

func parseSeries(plain io.Reader, columns SeriesColumns, most seriesBounds) (*Series, error) {
	bounded := &io.LimitedReader{R: plain, N: most.bytes + 1}
	lines := csv.NewReader(bounded)
	lines.ReuseRecord, lines.TrimLeadingSpace = true, true // Each row has as many cells as the header.
	header, err := lines.Read()
	if err != nil {
		return nil, fmt.Errorf("no header: %w", err)
	}
	period, count := slices.Index(header, columns.Period), slices.Index(header, columns.Count)
	if period < 0 || count < 0 {
		return nil, fmt.Errorf("line 1: the header has no columns %s and %s (load.follow.period and count name others)",
			columns.Period, columns.Count)
	}
	seconds := slices.Index(header, columns.Seconds)
	if seconds < 0 && columns.Seconds != "" {
		return nil, fmt.Errorf("line 1: the header has no column %s, as load.follow.seconds says", columns.Seconds)
	}
	s := &Series{}
	for {
		record, err := lines.Read()
		switch {
		case bounded.N == 0:
			return nil, fmt.Errorf("larger than %s", units.FormatBytes(most.bytes))
		case err == io.EOF:
			if columns.Seconds != "" {
				return s, nil
			}
			return s, s.measure()
		case err != nil:
			return nil, err
		case len(s.rows) == most.rows:
			return nil, fmt.Errorf("more than %d rows", most.rows)
		}
		line, _ := lines.FieldPos(0)
		err = s.add(line, record[period], record[count])
		if err == nil && columns.Seconds != "" {
			s.rows[len(s.rows)-1].lasts, err = parseSeconds(record[seconds])
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
}

func (s *Series) add(line int, period, count string) error {
	number, err := strconv.ParseFloat(count, 64)
	if err != nil || !(number >= 0) || math.IsInf(number, 0) {
		return fmt.Errorf("%q is not a count", units.Clip(count))
	}
	at, err := units.ParseTime(period)
	labels := len(s.rows) > 0 && s.rows[0].at.IsZero()
	if err != nil && len(s.rows) > 0 && !labels {
		return fmt.Errorf("%q is not a time, as the first period is", units.Clip(period))
	}
	if err != nil || labels {
		at = time.Time{}
	}
	s.rows = append(s.rows, seriesRow{line: line, at: at, count: number})
	return nil
}

// parseSeconds reads how long a row lasts.
func parseSeconds(text string) (time.Duration, error) {
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds >= 1e-3) || seconds > MaxStage.Seconds() {
		return 0, fmt.Errorf("%q is not a number of seconds from 0.001 to 366 days", units.Clip(text))
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// measure finds the spacing and checks that every period stands on it.
func (s *Series) measure() error {
	s.Spacing = time.Minute
	if len(s.rows) < 2 || s.rows[0].at.IsZero() {
		return nil
	}
	s.Spacing = math.MaxInt64
	for k := 1; k < len(s.rows); k++ {
		apart := s.rows[k].at.Sub(s.rows[k-1].at)
		if apart <= 0 {
			return fmt.Errorf("line %d: the period is not after the one before it", s.rows[k].line)
		}
		s.Spacing = min(s.Spacing, apart)
	}
	for k := 1; k < len(s.rows); k++ {
		if s.rows[k].at.Sub(s.rows[k-1].at)%s.Spacing != 0 {
			return fmt.Errorf("line %d: the periods are not evenly spaced: the shortest is %s",
				s.rows[k].line, units.FormatDuration(s.Spacing))
		}
	}
	return nil
}

// Stages returns one stage of constant rate a row: count · scale events, spread
// over the duration every. Periods that the recording leaves out had no events:
// they become stages of rate 0. A row that says how long it lasts does so, whatever
// every is.
func (s *Series) Stages(scale float64, every time.Duration) []Stage {
	var stages []Stage
	for k, r := range s.rows {
		if r.lasts > 0 {
			rate := r.count * scale / r.lasts.Seconds()
			stages = append(stages, Stage{rate, rate, r.lasts})
			continue
		}
		if k > 0 {
			if missing := r.at.Sub(s.rows[k-1].at)/s.Spacing - 1; missing > 0 {
				stages = append(stages, Stage{Over: missing * min(every, math.MaxInt64/missing)})
			}
		}
		rate := r.count * scale / every.Seconds()
		stages = append(stages, Stage{rate, rate, every})
	}
	return stages
}
