package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/twmb/franz-go/pkg/kgo"

	"rehearse/internal/verify"
	"rehearse/internal/verify/source"
)

// reader reads the stretches of a topic.
type reader struct {
	*topic
	client *kgo.Client
	parser source.Parser
	next   map[int32]int64 // offset that comes next, by partition
	open   map[int32]bool  // partitions that are not read to their ends
	batch  []*kgo.Record
}

// openReader begins to read the topic.
func (t *topic) openReader() (verify.Reader, error) {
	r := &reader{topic: t, next: map[int32]int64{}, open: map[int32]bool{}}
	t.read, t.reader = 0, r
	// Records that end transactions are asked for, too: they take offsets.
	var err error
	r.client, err = kgo.NewClient(append(t.config.options(), kgo.KeepControlRecords(),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()))...)
	if err == nil {
		r.consume()
	}
	return r, err
}

// consume asks for the messages of partitions that have some which are not read.
func (r *reader) consume() {
	offsets := map[int32]kgo.Offset{}
	for partition, s := range r.parts {
		at, begun := r.next[partition]
		if !begun {
			at = s.from
		}
		if at >= s.to {
			continue
		}
		r.next[partition], r.open[partition] = at, true
		if !begun {
			offsets[partition] = kgo.NewOffset().At(at)
		}
	}
	r.client.AddConsumePartitions(map[string]map[int32]kgo.Offset{r.name: offsets})
}

// Close closes the connections.
func (r *reader) Close() error {
	if r.client != nil {
		r.client.Close()
	}
	return nil
}

// Next reads the next message.
func (r *reader) Next(row *verify.Row) error {
	for {
		for len(r.batch) > 0 {
			record := r.batch[0]
			r.batch = r.batch[1:]
			if r.take(record, row) {
				return nil
			}
		}
		if len(r.open) == 0 {
			if r.gone != "" {
				return errors.New(r.gone)
			}
			return io.EOF
		}
		if err := r.poll(); err != nil {
			return err
		}
	}
}

// take reads a row from a message; false: it belongs to no event of the stretch.
func (r *reader) take(record *kgo.Record, row *verify.Row) bool {
	s := r.parts[record.Partition]
	if record.Offset >= s.to {
		if delete(r.open, record.Partition); !r.watched {
			return false
		}
		r.all += record.Offset + 1 - s.to
		s.to = record.Offset + 1 // it came since, and will not come a second time
		r.parts[record.Partition] = s
	}
	r.read += record.Offset + 1 - r.next[record.Partition]
	if r.next[record.Partition] = record.Offset + 1; record.Offset+1 >= s.to {
		delete(r.open, record.Partition)
	}
	switch {
	case record.Attrs.IsControl():
		return false
	case record.Value == nil:
		*row = verify.Row{Unusable: verify.Tombstone}
	default:
		r.parser.Read(record.Value, row)
	}
	row.Partition = record.Partition
	if row.Time.IsZero() {
		row.Time = record.Timestamp
	}
	return true
}

// poll asks the brokers for more messages.
func (r *reader) poll() error {
	ctx, cancel := context.WithTimeout(r.ctx, r.config.timeout())
	defer cancel()
	fetches := r.client.PollFetches(ctx)
	r.batch = fetches.Records()
	if len(r.batch) > 0 {
		return nil
	}
	if err := r.ctx.Err(); err != nil {
		return err
	}
	for _, e := range fetches.Errors() {
		if !errors.Is(e.Err, context.DeadlineExceeded) {
			return fmt.Errorf("partition %d: %w", e.Partition, e.Err)
		}
	}
	if ctx.Err() != nil {
		return fmt.Errorf("no message came for %v, and %d of %d partitions are not read to their ends",
			r.config.timeout(), len(r.open), len(r.parts))
	}
	return nil
}
