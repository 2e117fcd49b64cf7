package sql

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"rehearse/internal/capture"
	"rehearse/internal/recording/event"
	"rehearse/internal/verify"
)

// By how many digits of the uuid rows are counted: first, and where these counts are
// not as they should be.
const (
	fewDigits  = 3
	moreDigits = 5
)

// counted is what a database says of the rows whose uuids begin alike.
type counted struct {
	rows int64
	sum  uint64
}

// told is what counts and sums said.
type told struct {
	few, more  []state // of the buckets by fewDigits, and by moreDigits where few says so
	held       int64   // rows in buckets that hold what they should
	noUUID     int64
	latest     time.Time
	pulled     []bucketRows // the buckets whose rows are to be read
	pulledFine []bucketRows // and those of a larger number of digits
}

// state is what is to be done about a bucket.
type state byte

const (
	unread state = iota // nothing is known of it
	held                // it holds what it should, and nothing else
	pulled              // its rows are read
	split               // those of more digits say what is to be done
)

// bucketRows is a bucket whose rows are read, and how many there were.
type bucketRows struct {
	bucket uint32
	counted
}

// holds tells whether an event is in a bucket that holds what it should.
func (t *told) holds(u capture.UUID) bool {
	s := t.few[verify.Bucket(u, fewDigits)]
	if s == split {
		s = t.more[verify.Bucket(u, moreDigits)]
	}
	return s == held
}

// compare asks for counts and sums, and finds out which rows have to be read.
func (s *database) compare() error {
	floor, err := s.count()
	if err != nil {
		return err
	}
	got, want, err := s.askFew()
	if err != nil {
		return err
	}
	t := s.told
	sum := t.noUUID
	for _, c := range got {
		sum += c.rows
	}
	if sum < floor {
		return fmt.Errorf("the server counted %d rows, and %d when it was asked by the beginnings of their uuids: "+
			"it caps answers, or rows are being removed", floor, sum)
	}
	unequal := t.sort(got, want, s.sampled(want))
	if s.Properties != All && unequal > s.limits.split {
		if err := s.split(got, want); err != nil {
			return err
		}
	}
	return s.bound()
}

// askFew asks for counts and sums of everything, and says what they should be.
func (s *database) askFew() (got []counted, want []verify.Expected, err error) {
	s.told = &told{few: make([]state, 1<<(4*fewDigits))}
	got = make([]counted, len(s.told.few))
	if err := s.askCounts(fewDigits, nil, got); err != nil {
		return nil, nil, err
	}
	if s.wanted == nil {
		s.wanted, err = s.run.Expect(s.ctx, fewDigits, nil, s.columns.hashOf())
	}
	return got, s.wanted, err
}

// hashOf is what hashes an event of the run as the database does.
func (c *columns) hashOf() func(*capture.Event) uint64 {
	return func(e *capture.Event) uint64 {
		var room [256]byte
		_, hash := c.hash(room[:0], e.UUID, e.Name, e.DistinctID)
		return hash
	}
}

// count asks how many rows there are.
func (s *database) count() (n int64, err error) {
	a, err := s.ask("SELECT toString(count()) AS counted\n" + s.from(nil, 0))
	if err != nil {
		return 0, err
	}
	defer a.Close()
	row, err := a.Next()
	if err != nil {
		return 0, fmt.Errorf("asked for a number of rows: %w", noEnd(err))
	}
	return strconv.ParseInt(gjson.GetBytes(row, "counted").String(), 10, 64)
}

// noEnd is the error that an answer without a row is.
func noEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("the answer has no row")
	}
	return err
}

// askCounts asks for counts and sums by digits, within buckets of fewDigits; nil: all.
func (s *database) askCounts(digits int, within []uint32, got []counted) error {
	a, err := s.ask(s.counting(digits, within, fewDigits))
	if err != nil {
		return err
	}
	defer a.Close()
	for n := int64(1); ; n++ {
		row, err := a.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && n > s.limits.rows {
			err = errors.New("the server answers more rows than it was asked for")
		}
		if err == nil {
			err = s.takeCount(row, digits, got)
		}
		if err != nil {
			return err
		}
	}
}

// takeCount takes in the counts of one bucket.
func (s *database) takeCount(row []byte, digits int, got []counted) error {
	fields := gjson.GetManyBytes(row, "bucket", "counted", "total", "latest")
	rows, err := strconv.ParseInt(fields[1].String(), 10, 64)
	if err != nil || rows < 0 {
		return fmt.Errorf("a count is %.40q, and no number", fields[1].String())
	}
	if came, ok := event.ParseText([]byte(fields[3].String())); ok && came.After(s.told.latest) {
		s.told.latest = came
	}
	bucket, err := strconv.ParseUint(fields[0].String(), 16, 32)
	if err != nil || len(fields[0].String()) != digits {
		s.told.noUUID += rows
		return nil
	}
	sum, err := strconv.ParseUint(fields[2].String(), 10, 64)
	if err != nil && rows > 0 { // a column that is null has no hash
		sum = 0
	}
	if got[bucket] != (counted{}) {
		return fmt.Errorf("the server answers the bucket %s twice: it puts answers together from pages that overlap",
			fields[0].String())
	}
	got[bucket] = counted{rows, sum}
	return nil
}

// sort says what is to be done about each bucket, and returns how many rows
// are in those that are not as they should be.
func (t *told) sort(got []counted, want []verify.Expected, sampled func(bucket int) bool) (unequal int64) {
	for b := range got {
		equal := got[b] == counted{want[b].Rows, want[b].Sum}
		if equal && !sampled(b) {
			t.few[b] = held
			t.held += got[b].rows
			continue
		}
		t.few[b] = pulled
		t.pulled = append(t.pulled, bucketRows{uint32(b), got[b]})
		if !equal {
			unequal += got[b].rows
		}
	}
	return unequal
}

// sampled says of which buckets all rows are read, to compare properties.
func (s *database) sampled(want []verify.Expected) func(bucket int) bool {
	rows := int64(0)
	for _, w := range want {
		rows += w.Rows
	}
	every := int(min(max(rows/s.limits.sample, 1), 64))
	if s.Properties == All {
		every = 1
	}
	at := int(s.run.Seed() % uint64(every))
	return func(b int) bool {
		return s.columns.properties && s.Properties != None && b%every == at
	}
}

// split counts the rows of unequal buckets by more digits.
func (s *database) split(few []counted, want []verify.Expected) error {
	t := s.told
	var kept []bucketRows
	var within []uint32
	for _, b := range t.pulled {
		w := want[b.bucket]
		if b.counted == (counted{w.Rows, w.Sum}) {
			kept = append(kept, b)
			continue
		}
		t.few[b.bucket] = split
		within = append(within, b.bucket)
	}
	t.pulled, t.more = kept, make([]state, 1<<(4*moreDigits))
	got := make([]counted, len(t.more))
	const finer = 1 << (4 * (moreDigits - fewDigits))
	for at, most := 0, max(int(s.limits.rows/finer), 1); at < len(within); at += most {
		if err := s.askCounts(moreDigits, within[at:min(at+most, len(within))], got); err != nil {
			return err
		}
	}
	expected, err := s.run.Expect(s.ctx, moreDigits, func(u capture.UUID) bool {
		return t.few[verify.Bucket(u, fewDigits)] == split
	}, s.columns.hashOf())
	if err != nil {
		return err
	}
	for _, b := range within {
		rows := int64(0)
		for fine := b * finer; fine < (b+1)*finer; fine++ {
			rows += got[fine].rows
			if got[fine] == (counted{expected[fine].Rows, expected[fine].Sum}) {
				t.more[fine] = held
				t.held += got[fine].rows
				continue
			}
			t.more[fine] = pulled
			t.pulledFine = append(t.pulledFine, bucketRows{fine, got[fine]})
		}
		if rows < few[b].rows {
			return fmt.Errorf("the server counted %d rows, and then %d of the same: it caps answers, or rows are "+
				"being removed", few[b].rows, rows)
		}
	}
	return nil
}

// bound is an error if too many rows have to be read.
func (s *database) bound() error {
	s.all = 0
	for _, list := range [][]bucketRows{s.told.pulled, s.told.pulledFine} {
		for _, b := range list {
			s.all += b.rows
		}
	}
	if s.all <= s.limits.pulled {
		return nil
	}
	hint := "say in the query (--query) which rows are the run's, as by the prefix of the distinct_ids"
	if s.Properties == All {
		hint = "compare the properties of a sample (--properties sample)"
	}
	return fmt.Errorf("%d rows are in buckets that do not hold what they should, more than the %d that can be read "+
		"here: %s", s.all, s.limits.pulled, strings.TrimSpace(hint))
}
