package kafka

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"rehearse/generator/traffic"
	"rehearse/internal/capture"
	"rehearse/internal/verify"
	"rehearse/results"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

var start = time.Date(2026, 11, 30, 5, 42, 7, 123456789, time.UTC)

// sent is a run all of whose events were accepted, and their messages.
func sent(t *testing.T, message func(e *capture.Event, at time.Time) string) (*verify.Run, []*kgo.Record) {
	t.Helper()
	s, err := scenario.Parse("s.yaml",
		[]byte("name: s\nload: {profile: 'const(200, 10s)'}\ntraffic: {seed: 5, distinct_ids: {count: 300}}\n"),
		scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dues := schedule.New(s.Load.Curve, s.Load.Arrivals, s.Traffic.Seed)
	model, due := traffic.New(s.Traffic, s.Load.Curve), dues.Cursor().Due
	w := &traffic.Writer{Start: start, Due: due}
	run := &verify.Run{ID: "r", Name: "s", Scenario: s, Attempts: []verify.Attempt{{
		Starts: []time.Time{start}, Load: 10 * time.Second,
		Fates: []results.Range{{First: 0, Count: dues.Total(), Fate: capture.FateAccepted}},
	}}}
	var records []*kgo.Record
	var e capture.Event
	for i := range dues.Total() {
		model.Write(&e, i, w)
		at := start.Add(due(i) + 15*time.Millisecond)
		records = append(records, &kgo.Record{
			Key:       []byte("k:" + string(e.DistinctID)),
			Value:     []byte(message(&e, at)),
			Timestamp: at,
		})
	}
	return run, records
}

// captured is a message of the capture service: the event as text in it.
func captured(e *capture.Event, at time.Time) string {
	data, _ := json.Marshal(string(capture.AppendEvent(nil, e)))
	return fmt.Sprintf(`{"uuid":"%s","distinct_id":"%s","ip":"127.0.0.1","data":%s,"now":"%s","token":"k"}`, e.UUID,
		e.DistinctID, data, at.Format(time.RFC3339Nano))
}

// processed is a message of the pipeline for ClickHouse.
func processed(e *capture.Event, at time.Time) string {
	properties, _ := json.Marshal(strings.Replace(string(e.Properties), "{", `{"$geoip_country_code":"PT", `, 1))
	return fmt.Sprintf(`{"uuid":"%s","event":"%s","distinct_id":"%s","properties":%s,"created_at":"%s",`+
		`"person_id":"p"}`,
		e.UUID, e.Name, e.DistinctID, properties, at.Format("2006-01-02 15:04:05.000000"))
}

// broker is a broker in this process with a topic of three partitions.
func broker(t *testing.T, policy string) (*kfake.Cluster, Config) {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	c := Config{Brokers: cluster.ListenAddrs(), Timeout: 5 * time.Second}
	client, err := kgo.NewClient(c.options()...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := kadm.NewClient(client).CreateTopic(t.Context(), 3, 1, map[string]*string{"cleanup.policy": &policy},
		"events"); err != nil {
		t.Fatal(err)
	}
	return cluster, c
}

// produce writes messages.
func produce(t *testing.T, c Config, records []*kgo.Record) {
	t.Helper()
	client, err := kgo.NewClient(append(c.options(), kgo.DefaultProduceTopic("events"))...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// hold holds the topic against a run.
func hold(t *testing.T, run *verify.Run, c Config) *verify.Report {
	t.Helper()
	s, err := Topic(t.Context(), c, "events", start.Add(-time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	r, err := verify.Hold(t.Context(), t.Context(), run, s, verify.Options{Thresholds: verify.Implied()})
	if err != nil {
		t.Fatal(err)
	}
	if read, all := s.Position(); r.Report.Source.Complete && read != all {
		t.Errorf("%d of %d offsets were read", read, all)
	}
	return &r.Report
}

// TestTopic: messages of the service and of the pipeline are found, whatever else the
// topic holds.
func TestTopic(t *testing.T) {
	t.Parallel()
	for name, message := range map[string]func(*capture.Event, time.Time) string{
		"capture":    captured,
		"clickhouse": processed,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run, records := sent(t, message)
			_, c := broker(t, "delete")
			older := *records[7] // before the run: it is not asked for
			older.Timestamp = start.Add(-time.Hour)
			produce(t, c, []*kgo.Record{&older})
			tombstone := &kgo.Record{Key: []byte("k:d"), Timestamp: start.Add(time.Second)}
			again := *records[100]
			all := append(append([]*kgo.Record{}, records[:3]...), records[4:]...)
			produce(t, c, append(all, &again, tombstone, &kgo.Record{
				Value:     []byte("{"),
				Timestamp: start.Add(time.Second),
			}))
			r := hold(t, run, c)
			if e := r.Events; e.Accepted.Present != 1999 || e.Accepted.Lost != 1 || e.Duplicated != 1 {
				t.Errorf("events: %+v", e)
			}
			if u := r.Rows.Unusable; u[verify.Tombstone] != 1 || u[verify.NotJSON] != 1 || r.Rows.All != 2002 ||
				r.Rows.OtherRun != 0 {
				t.Errorf("rows: %+v", r.Rows)
			}
			if r.Content.Altered != 0 || len(r.Content.Compared) != 3 || r.Order.Misordered != 0 ||
				r.Order.Events != 1999 || r.Visible == nil || r.Visible.P50 < 14 || r.Visible.P50 > 17 {
				t.Errorf("content %+v, order %+v, visible %+v", r.Content, r.Order, r.Visible)
			}
		})
	}
}

// TestCompactedTopic: of a topic from which messages may be gone nothing is called lost.
func TestCompactedTopic(t *testing.T) {
	t.Parallel()
	run, records := sent(t, captured)
	_, c := broker(t, "compact")
	produce(t, c, records[:1000])
	r := hold(t, run, c)
	if r.Verdict != verify.Invalid || r.Because != verify.Incomplete || r.Events.Accepted.Lost != 0 ||
		!strings.Contains(r.Source.Why, "compacted") {
		t.Errorf("%s because of %s (%s), %+v", r.Verdict, r.Because, r.Source.Why, r.Events)
	}
}

// TestDeletedRecords: the same where a partition no longer begins at 0.
func TestDeletedRecords(t *testing.T) {
	t.Parallel()
	run, records := sent(t, captured)
	_, c := broker(t, "delete")
	produce(t, c, records)
	client, err := kgo.NewClient(c.options()...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var gone kadm.Offsets
	gone.AddOffset("events", 1, 20, -1)
	if _, err := kadm.NewClient(client).DeleteRecords(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	r := hold(t, run, c)
	if r.Because != verify.Incomplete || r.Events.Accepted.Lost != 0 || r.Events.Unread != 20 ||
		!strings.Contains(r.Source.Why, "partition 1 begins at offset 20") {
		t.Errorf("because of %s (%s), %+v", r.Because, r.Source.Why, r.Events)
	}
}

// TestDyingBroker: what is not read when a broker dies is not called lost.
func TestDyingBroker(t *testing.T) {
	t.Parallel()
	run, records := sent(t, captured)
	cluster, c := broker(t, "delete")
	produce(t, c, records)
	c.Timeout = 300 * time.Millisecond
	s, err := Topic(t.Context(), c, "events", start.Add(-time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	cluster.Close()
	r, err := verify.Hold(t.Context(), t.Context(), run, s, verify.Options{Thresholds: verify.Implied()})
	if err != nil {
		t.Fatal(err)
	}
	if got := &r.Report; got.Because != verify.Incomplete || got.Events.Accepted.Lost != 0 || got.Source.Why == "" {
		t.Errorf("because of %s (%s), %+v", got.Because, got.Source.Why, got.Events)
	}
}

// TestStoppedTopic: reading ends with its context.
func TestStoppedTopic(t *testing.T) {
	t.Parallel()
	_, records := sent(t, captured)
	cluster, c := broker(t, "delete")
	produce(t, c, records)
	ctx, cancel := context.WithCancel(t.Context())
	s, err := Topic(ctx, c, "events", start.Add(-time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	cluster.Close()
	r, err := s.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cancel()
	var row verify.Row
	if err := r.Next(&row); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestEmptyTopic: a topic without messages ends at once, and one that is unknown is named.
func TestEmptyTopic(t *testing.T) {
	t.Parallel()
	_, c := broker(t, "delete")
	s, err := Topic(t.Context(), c, "events", start)
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var row verify.Row
	if err := r.Next(&row); !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
	if _, err := Topic(t.Context(), c, "nowhere", start); err == nil ||
		!strings.Contains(err.Error(), `cannot read the topic "nowhere"`) {
		t.Errorf("%v", err)
	}
}
