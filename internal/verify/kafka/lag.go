package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Lags asks brokers how far consumer groups are behind. It joins no group, and commits nothing.
type Lags struct {
	config Config
	client *kgo.Client
}

// OpenLags returns what asks the brokers of c. A broker that is down is found when it is asked.
func OpenLags(c Config) (*Lags, error) {
	client, err := kgo.NewClient(c.options()...)
	if err != nil {
		return nil, fmt.Errorf("cannot reach Kafka: %w", err)
	}
	return &Lags{c, client}, nil
}

// Close closes the connections.
func (l *Lags) Close() { l.client.Close() }

// Of returns how many messages of a topic a group has not committed yet, over all partitions. Of a
// partition that it has committed nothing of, all count that are still there. A group that
// has committed nothing of the topic at all is an error: its name is wrong, or it has not begun.
func (l *Lags) Of(ctx context.Context, group, topic string) (messages int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, l.config.timeout())
	defer cancel()
	messages, err = l.of(ctx, group, topic)
	if err != nil {
		return 0, fmt.Errorf("cannot tell the lag of the group %.100q on the topic %.100q: %w", group, topic, err)
	}
	return messages, nil
}

func (l *Lags) of(ctx context.Context, group, topic string) (messages int64, err error) {
	admin := kadm.NewClient(l.client)
	committed, err := admin.FetchOffsets(ctx, group)
	if err == nil {
		err = committed.Error()
	}
	if err != nil {
		return 0, err
	}
	if len(committed[topic]) == 0 {
		return 0, errors.New("it has committed nothing of it")
	}
	first, err := admin.ListStartOffsets(ctx, topic)
	if err == nil {
		err = first.Error()
	}
	if err != nil {
		return 0, err
	}
	last, err := admin.ListEndOffsets(ctx, topic)
	if err == nil {
		err = last.Error()
	}
	if err != nil {
		return 0, err
	}
	for partition, end := range last[topic] {
		from := first[topic][partition].Offset
		if offset, ok := committed.Lookup(topic, partition); ok {
			from = max(from, offset.At)
		}
		messages += max(end.Offset-from, 0)
	}
	return messages, nil
}
