package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"rehearse/internal/verify"
)

// stretch is what is read of a partition: messages from one offset up to another.
type stretch struct{ from, to int64 }

// topic is a topic as it was when it was looked at.
type topic struct {
	ctx    context.Context
	config Config
	name   string
	parts  map[int32]stretch
	all    int64 // offsets in the stretches
	read   int64
	gone   string // why messages of the run may be gone from it; empty: they are not

	reader  *reader // the last one
	watched bool    // what comes after the topic was looked at counts as well
}

// Topic returns the source that the messages of a topic are which were written from a
// time on, up to those that are there now. ctx ends the reading.
func Topic(ctx context.Context, c Config, name string, from time.Time) (*verify.Source, error) {
	_, source, err := newTopic(ctx, c, name, from)
	return source, err
}

// Tail is Topic for a topic that grows: what comes later belongs to it as well.
func Tail(ctx context.Context, c Config, name string, from time.Time) (*verify.Source, error) {
	t, source, err := newTopic(ctx, c, name, from)
	if err == nil {
		t.watched, source.Again = true, &verify.Again{More: t.more}
	}
	return source, err
}

// newTopic looks at a topic.
func newTopic(ctx context.Context, c Config, name string, from time.Time) (*topic, *verify.Source, error) {
	t := &topic{ctx: ctx, config: c, name: name, parts: map[int32]stretch{}}
	if err := t.look(from); err != nil {
		return nil, nil, fmt.Errorf("cannot read the topic %.100q: %w", name, err)
	}
	return t, &verify.Source{
		Kind: "kafka", Name: name, InOrder: true,
		Open: t.openReader, Position: func() (int64, int64) { return t.read, t.all },
	}, nil
}

// more looks how far the topic reaches now, and lets the reader go on.
func (t *topic) more() error {
	ctx, cancel := context.WithTimeout(t.ctx, t.config.timeout())
	defer cancel()
	last, err := kadm.NewClient(t.reader.client).ListEndOffsets(ctx, t.name)
	if err == nil {
		err = last.Error()
	}
	if err != nil {
		return err
	}
	for partition, end := range last[t.name] { // a new partition is read from its beginning
		s := t.parts[partition]
		t.all += max(end.Offset-s.to, 0)
		s.to = max(end.Offset, s.to)
		t.parts[partition] = s
	}
	t.reader.consume()
	return nil
}

// look finds out what is to be read of which partition.
func (t *topic) look(from time.Time) error {
	client, err := kgo.NewClient(t.config.options()...)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.ctx, t.config.timeout())
	defer cancel()
	admin := kadm.NewClient(client)
	first, err := admin.ListStartOffsets(ctx, t.name)
	if err == nil {
		err = first.Error()
	}
	if err != nil {
		return err
	}
	last, err := admin.ListEndOffsets(ctx, t.name)
	if err == nil {
		err = last.Error()
	}
	if err != nil {
		return err
	}
	since, err := admin.ListOffsetsAfterMilli(ctx, from.UnixMilli(), t.name)
	if err == nil {
		err = since.Error()
	}
	if err != nil {
		return err
	}
	if len(first[t.name]) == 0 {
		return errors.New("it has no partitions")
	}
	for partition, start := range first[t.name] {
		s := stretch{from: since[t.name][partition].Offset, to: last[t.name][partition].Offset}
		if s.from < 0 { // nothing was written since
			s.from = s.to
		}
		if start.Offset > 0 && s.from <= start.Offset {
			t.gone = fmt.Sprintf("partition %d begins at offset %d, after the start of the run: "+
				"messages before it were deleted", partition, start.Offset)
		}
		t.parts[partition] = s
		t.all += max(s.to-s.from, 0)
	}
	return t.compacted(ctx, admin)
}

// compacted finds out whether the broker removes messages behind which another of their
// key comes.
func (t *topic) compacted(ctx context.Context, admin *kadm.Client) error {
	configs, err := admin.DescribeTopicConfigs(ctx, t.name)
	if err != nil {
		return nil // reading it may not be allowed, which is no reason not to read the topic
	}
	for _, config := range configs {
		for _, entry := range config.Configs {
			if entry.Key == "cleanup.policy" && entry.Value != nil && strings.Contains(*entry.Value, "compact") {
				t.gone = "it is compacted: of the messages of one key the broker may keep the last alone"
			}
		}
	}
	return nil
}
