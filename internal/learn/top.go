package learn

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"rehearse/scenario/schedule"
)

// maxTop bounds how many rows of counts are read.
const maxTop = 20_000_000

// ReadTop learns from the result of a query instead of the data: a CSV with a
// count per distinct_id in its last column; a header is passed over. Nothing but
// the counts is kept.
func ReadTop(in io.Reader) (*Profile, error) {
	rows := csv.NewReader(in)
	rows.ReuseRecord, rows.FieldsPerRecord = true, 0
	var counts []int64
	all := int64(0)
	for {
		record, err := rows.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read counts: %w", err)
		}
		line, _ := rows.FieldPos(0)
		n, err := strconv.ParseInt(strings.TrimSpace(record[len(record)-1]), 10, 64)
		switch {
		case err != nil && line == 1:
			continue // the header
		case err != nil || n < 0:
			return nil, fmt.Errorf("cannot read counts: line %d: the last column is not a count", line)
		case len(counts) == maxTop:
			return nil, fmt.Errorf("cannot read counts: more than %d rows", maxTop)
		case n > schedule.MaxEvents-all:
			return nil, fmt.Errorf("cannot read counts: line %d: they come to more than 2^53 events", line)
		case n > 0:
			counts, all = append(counts, n), all+n
		}
	}
	if len(counts) == 0 {
		return nil, errors.New("cannot read counts: there is no row with one " +
			"(want a CSV of two columns, distinct_id,count)")
	}
	r := newRanking(counts, 1)
	p := fromRanking(r)
	p.synthesize(r, nil)
	return p, nil
}

// fewRows is how many rows of counts may be the whole of a small project, and are more
// often the head of a list that a query cut off.
const fewRows = 1000

// headOnly says that counts are perhaps those of the busiest ids alone: few, or a round
// number of them, and none that occurs once.
func (p *Profile) headOnly() string {
	n := p.DistinctIDs
	if p.rates != nil || p.Shares.Once > 0 || n > fewRows && n%fewRows != 0 {
		return ""
	}
	return fmt.Sprintf("these %d ids are perhaps the head of more: none of them occurs once. "+
		"Shares and skew then hold for them alone; ask for all ids, without a LIMIT", n)
}
