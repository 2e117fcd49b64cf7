// Command kafka stands between a run and a real Kafka: as an endpoint that writes what it
// accepts into a topic, and as a plain count of what the topic holds.
//
//	kafka serve BROKER TOPIC LISTEN     an endpoint that produces, until it is interrupted
//	kafka count BROKER TOPIC SENT       SENT is what rehearse sample prints of the run
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"rehearse/internal/capture"
	"rehearse/staging"
)

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: kafka serve BROKER TOPIC LISTEN, or kafka count BROKER TOPIC SENT")
		os.Exit(2)
	}
	do := serve
	if os.Args[1] == "count" {
		do = count
	}
	if err := do(os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, "kafka:", err)
		os.Exit(1)
	}
}

// producer writes the events of accepted requests into a topic, as carelessly as it can:
// the leader alone answers, what fails is sent again without a number, and some events are
// left out, written twice, altered or somebody else's.
type producer struct {
	client  *kgo.Client
	mu      sync.Mutex
	decoder capture.Decoder
	events  int64
	written atomic.Int64
	failed  atomic.Int64
}

func serve(broker, topic, address string) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(broker), kgo.DefaultProduceTopic(topic), kgo.RequiredAcks(kgo.LeaderAck()),
		kgo.DisableIdempotentWrite(), kgo.RecordDeliveryTimeout(8*time.Second), kgo.ProduceRequestTimeout(5*time.Second),
		kgo.RetryBackoffFn(func(int) time.Duration { return 50 * time.Millisecond }), kgo.MetadataMinAge(100*time.Millisecond),
		kgo.ProducerLinger(5*time.Millisecond), kgo.MaxBufferedRecords(1_000_000))
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if _, err := kadm.NewClient(client).CreateTopic(ctx, 6, 1, nil, topic); err != nil {
		return err
	}
	p := &producer{client: client}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := staging.New(staging.Config{Observe: p.observe})
	go func() {
		<-ctx.Done()
		_ = server.Shutdown(context.Background())
	}()
	if err := server.Serve(listener); err != nil {
		return err
	}
	if err := client.Flush(context.Background()); err != nil {
		return err
	}
	fmt.Printf("%d messages acknowledged, %d given up\n", p.written.Load(), p.failed.Load())
	return nil
}

// observe produces the events of a request, as messages of the capture service.
func (p *producer) observe(q *capture.Request, status int) {
	if status != 200 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	got, err := p.decoder.Decode(q)
	if err != nil {
		return
	}
	for e := range got.All() {
		p.events++
		p.spoil(e)
	}
}

// spoil writes an event, or something else now and then.
func (p *producer) spoil(e *capture.Received) {
	raw, uuid := bytes.Clone(e.Raw), e.UUID
	switch n := p.events; {
	case n%1499 == 0:
		return
	case n%997 == 0:
		p.produce(uuid, e.DistinctID, raw)
	case n%2003 == 0:
		raw = bytes.Replace(raw, []byte(`"properties":{`), []byte(`"properties":{"added":1,`), 1)
		raw = bytes.Replace(raw, []byte(`"event":"`), []byte(`"event":"un`), 1)
	case n%503 == 0:
		uuid[15]++ // which makes it another run's
	case n%701 == 0:
		p.client.Produce(context.Background(), &kgo.Record{Key: bytes.Clone(e.DistinctID)}, p.done) // a tombstone
	}
	p.produce(uuid, e.DistinctID, raw)
}

// produce writes an event as a message of the capture service.
func (p *producer) produce(uuid capture.UUID, id, raw []byte) {
	data, _ := json.Marshal(string(raw))
	value := fmt.Appendf(nil, `{"uuid":"%s","distinct_id":%s,"ip":"127.0.0.1","data":%s,"now":"%s","token":"t"}`, uuid,
		quoted(id), data, time.Now().UTC().Format(time.RFC3339Nano))
	p.client.Produce(context.Background(), &kgo.Record{Key: bytes.Clone(id), Value: value}, p.done)
}

// done counts a message.
func (p *producer) done(_ *kgo.Record, err error) {
	if err == nil {
		p.written.Add(1)
	} else if p.failed.Add(1) == 1 {
		fmt.Println("the first message given up:", err)
	}
}

func quoted(s []byte) []byte {
	text, _ := json.Marshal(string(s))
	return text
}

// event is what is compared, of a message and of a line of rehearse sample.
type event struct {
	UUID       string         `json:"uuid"`
	Event      string         `json:"event"`
	ID         string         `json:"distinct_id"`
	Properties map[string]any `json:"properties"`
}

// text is the event in one form.
func (e *event) text() string {
	t, _ := json.Marshal(e)
	return string(t)
}

// count prints what is lost, duplicated and altered in the topic, each event looked up in
// a map.
func count(broker, topic, path string) error {
	sent, err := readSent(path)
	if err != nil {
		return err
	}
	seen, altered, foreign := map[string]int{}, map[string]bool{}, 0
	err = eachMessage(broker, topic, func(value []byte) error {
		if value == nil {
			return nil // a tombstone
		}
		var m struct{ UUID, Data string }
		var e event
		if err := errors.Join(json.Unmarshal(value, &m), json.Unmarshal([]byte(m.Data), &e)); err != nil {
			return err
		}
		want, known := sent[m.UUID]
		if !known {
			foreign++
			return nil
		}
		seen[m.UUID]++
		if e.text() != want {
			altered[m.UUID] = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	lost, duplicated, rows := 0, 0, 0
	for uuid := range sent {
		n := seen[uuid]
		rows += n
		if n == 0 {
			lost++
		} else if n > 1 {
			duplicated++
		}
	}
	fmt.Printf("%d %d %d %d %d %d\n", len(sent)-lost, lost, duplicated, len(altered), foreign, rows)
	return nil
}

// readSent reads what was sent, by uuid.
func readSent(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sent := map[string]string{}
	lines := bufio.NewScanner(f)
	for lines.Buffer(nil, 4<<20); lines.Scan(); {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, err
		}
		sent[e.UUID] = e.text()
	}
	return sent, lines.Err()
}

// eachMessage reads a topic from its beginning to where it ends now.
func eachMessage(broker, topic string, do func(value []byte) error) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(broker), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return err
	}
	defer client.Close()
	ends, err := kadm.NewClient(client).ListEndOffsets(context.Background(), topic)
	if err != nil {
		return err
	}
	left := map[int32]int64{}
	for partition, end := range ends[topic] {
		if end.Offset > 0 {
			left[partition] = end.Offset
		}
	}
	for len(left) > 0 {
		fetches := client.PollFetches(context.Background())
		if errs := fetches.Errors(); len(errs) > 0 {
			return errs[0].Err
		}
		for _, r := range fetches.Records() {
			if err := do(r.Value); err != nil {
				return err
			}
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
		}
	}
	return nil
}
