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
	next   map[int32]int64 // offset that comes next, of the partitions that are not read to their ends
	batch  []*kgo.Record
}

// open begins to read the topic.
func (t *topic) open() (verify.Reader, error) {
	r := &reader{topic: t, next: map[int32]int64{}}
	offsets := map[int32]kgo.Offset{}
	for partition, s := range t.parts {
		if s.from < s.to {
			r.next[partition] = s.from
			offsets[partition] = kgo.NewOffset().At(s.from)
		}
	}
	t.read = 0
	if len(offsets) == 0 {
		return r, nil
	}
	var err error
	// Records that end transactions are asked for, too: they take offsets.
	r.client, err = kgo.NewClient(append(t.config.options(),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{t.name: offsets}),
		kgo.KeepControlRecords(), kgo.FetchIsolationLevel(kgo.ReadCommitted()))...)
	return r, err
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
		if len(r.next) == 0 {
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
	s, open := r.parts[record.Partition], false
	if _, open = r.next[record.Partition]; !open || record.Offset >= s.to {
		delete(r.next, record.Partition)
		return false
	}
	r.read += record.Offset + 1 - r.next[record.Partition]
	if r.next[record.Partition] = record.Offset + 1; record.Offset+1 >= s.to {
		delete(r.next, record.Partition)
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
			r.config.timeout(), len(r.next), len(r.parts))
	}
	return nil
}
