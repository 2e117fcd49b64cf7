package staging

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"rehearse/internal/capture"
	"rehearse/internal/capture/pipeline"
)

// stored are the messages that an endpoint would have produced.
type stored struct {
	mu   sync.Mutex
	list []Message
}

func (s *stored) add(m *Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, *m)
}

// brief tells topics by their last word, keys, and times.
func (s *stored) String() string {
	var b strings.Builder
	for _, m := range s.list {
		topic := strings.TrimPrefix(m.Topic, "events_plugin_")
		fmt.Fprintf(&b, "%s %s %q; ", m.Event, topic, m.Key)
	}
	return strings.TrimSuffix(b.String(), "; ")
}

// setup is a switch of the endpoint, a request, and what it answers and produces in
// each of three generations; an empty answer in one says that it cannot be set up so.
type setup struct {
	fact        string
	config      Config
	body        string
	now, in24   string // v0: answer, and messages
	toV1        string // verdicts of v1, or its error, and messages
	bodyV1      string
	did, didNew EventCounts // of today's v0, and of v1
}

const (
	old     = `{"event":"e","distinct_id":"d","timestamp":"2000-01-01T00:00:00Z"}`
	toD     = `e ingestion "t:d"`
	toDV1   = `e ingestion "phc_a:d"`
	oneOK   = `200 {"results":{"018a981f-4b35-7c66-825e-000000000001":{"result":"ok"}}}`
	oneDrop = `200 {"results":{"018a981f-4b35-7c66-825e-000000000001":{"result":"drop","details":"%s"}}}`
)

func setups() []setup {
	oneV1 := batchV1(eventV1(1, ""))
	quota := Config{Policy: capture.Policy{OverQuota: []string{"t", "phc_a"}}}
	return []setup{
		{"nothing set", Config{}, batch(event), ok + " " + toD, ok + " " + toD, oneOK + " " + toDV1, oneV1, accepted(1),
			accepted(1)},
		{"over quota", quota, batch(event), ok, ok,
			`402 {"error":"billing_limit_exceeded","error_description":"billing limit exceeded",` +
				`"error_uri":"https://posthog.com/docs/billing/limits"}`, oneV1, accepted(1), refused(1)},
		{"quota comes before the events are looked at", quota, batch(`{"event":"","distinct_id":"d"}`), ok, ok,
			fmt.Sprintf(oneDrop, "missing_event_name"), batchV1(eventV1(1, `"event":""`)), accepted(1),
			EventCounts{Dropped: 1}},
		{"another's quota", Config{Policy: capture.Policy{OverQuota: []string{"u"}}}, batch(event), ok + " " + toD,
			ok + " " + toD, oneOK + " " + toDV1, oneV1, accepted(1), accepted(1)},
		{"an unknown token", Config{Policy: capture.Policy{KnownTokens: []string{"u"}}}, batch(event),
			"401 API key does not belong to any project. Check the project API key in your PostHog project settings",
			"",
			errorV1(401, "invalid_api_token", "The provided API token is not valid."), oneV1, refused(1), none},
		{"a known token", Config{Policy: capture.Policy{KnownTokens: []string{"t", "phc_a"}}}, batch(event),
			ok + " " + toD, "", oneOK + " " + toDV1, oneV1, accepted(1), accepted(1)},
		{"all of a token dropped", Config{Policy: capture.Policy{Drop: []string{"t", "phc_a"}}}, batch(event), ok, "",
			fmt.Sprintf(oneDrop, "event_restriction_drop"), oneV1, accepted(1), EventCounts{Dropped: 1}},
		{"one id dropped", Config{Policy: capture.Policy{Drop: []string{"t:x", "phc_a:x"}}},
			batch(withID(`"x"`) + "," + event), ok + " " + toD, "",
			`200 {"results":{"018a981f-4b35-7c66-825e-000000000002":{"result":"drop",` +
				`"details":"event_restriction_drop"},"018a981f-4b35-7c66-825e-000000000001":{"result":"ok"}}} ` + toDV1,
			batchV1(eventV1(2, `"distinct_id":"x"`), eventV1(1, "")), accepted(2),
			EventCounts{Accepted: 1, Dropped: 1}},
		{"import mode, no import", Config{Policy: capture.Policy{Import: true}}, batch(event), ok, "",
			fmt.Sprintf(oneDrop, "non_historical_import_drop"), oneV1, accepted(1), EventCounts{Dropped: 1}},
		{"import mode, an import", Config{Policy: capture.Policy{Import: true}},
			strings.Replace(batch(event), "{", `{"historical_migration":true,`, 1),
			ok + ` e ingestion_historical "t:d"`, "",
			oneOK + ` e ingestion_historical "phc_a:d"`,
			strings.Replace(oneV1, "{", `{"historical_migration":true,`, 1), accepted(1), accepted(1)},
		{"historical by age", Config{HistoricalAfter: 24 * time.Hour}, batch(old + "," + event),
			ok + ` e ingestion_historical "t:d"; ` + toD, "",
			oneOK + ` e ingestion_historical "phc_a:d"`, batchV1(eventV1(1, `"timestamp":"2000-01-01T00:00:00Z"`)),
			accepted(2), accepted(1)},
		{"no bucket", behind(pipeline.Facts{}), batch(event + "," + event),
			ok + " " + toD + "; " + toD, ok + " " + toD + "; " + toD, oneOK + " " + toDV1, oneV1, accepted(2),
			accepted(1)},
		{"a bucket of one", behind(pipeline.Facts{Overflow: one(false)}),
			batch(event + "," + event),
			ok + " " + toD + `; e ingestion_overflow ""`, ok + " " + toD + `; e ingestion ""`, oneOK + " " + toDV1,
			oneV1, accepted(2), accepted(1)},
		{"a bucket that keeps the order", behind(pipeline.Facts{Overflow: one(true)}),
			batch(event + "," + event),
			ok + " " + toD + `; e ingestion_overflow "t:d"`, "", oneOK + " " + toDV1, oneV1, accepted(2), accepted(1)},
		{"forced overflow", behind(pipeline.Facts{Restrictions: []pipeline.Restriction{
			{Match: "t:d", Action: pipeline.ForceOverflow}, {Match: "phc_a", Action: pipeline.ForceOverflow},
		}}), batch(event),
			ok + ` e ingestion_overflow ""`, ok + ` e ingestion ""`, oneOK + ` e ingestion_overflow ""`, oneV1,
			accepted(1), accepted(1)},
		{"import mode by the facts", behind(pipeline.Facts{Import: true}), batch(event), ok, "",
			fmt.Sprintf(oneDrop, "non_historical_import_drop"), oneV1, accepted(1), EventCounts{Dropped: 1}},
		{"no v1", Config{NoV1: true}, batch(event), ok + " " + toD, ok + " " + toD, "404", oneV1, accepted(1), none},
		{"an exception", Config{}, batch(strings.Replace(event, `"e"`, `"$exception"`, 1)),
			ok + ` $exception error_tracking_events "t:d"`, ok + ` $exception ingestion "t:d"`,
			oneOK + ` $exception error_tracking_events "phc_a:d"`, batchV1(eventV1(1, `"event":"$exception"`)),
			accepted(1), accepted(1)},
		{"cookieless", Config{}, batch(`{"event":"e","distinct_id":"d","properties":{"$cookieless_mode":true}}`),
			ok + ` e ingestion "t:0.0.0.0"`, ok + " " + toD,
			oneOK + ` e ingestion "phc_a:0.0.0.0"`, batchV1(eventV1(1, `"options":{"cookieless_mode":true}`)),
			accepted(1), accepted(1)},
		{"heatmap data", Config{}, batch(`{"event":"e","distinct_id":"d","properties":{"$heatmap_data":{},"a":1}}`),
			ok + " " + toD + `; $$heatmap heatmaps_ingestion "t:d"`, ok + " " + toD,
			oneOK + " " + toDV1, batchV1(eventV1(1, `"properties":{"$heatmap_data":{}}`)), accepted(1), accepted(1)},
		{"a scroll", Config{},
			batch(`{"event":"e","distinct_id":"d","properties":{"$prev_pageview_pathname":"/","$current_url":"/a"}}`),
			ok + " " + toD + `; $$heatmap heatmaps_ingestion "t:d"`, ok + " " + toD,
			oneOK + " " + toDV1, oneV1, accepted(1), accepted(1)},
	}
}

// TestSetups: each switch of the endpoint does in each generation what it does in
// the service.
func TestSetups(t *testing.T) {
	t.Parallel()
	for _, row := range setups() {
		for _, g := range []capture.Generation{capture.Current, capture.Generation2024} {
			want := row.now
			c := row.config
			if c.Generation = g; g == capture.Generation2024 {
				c.Pipeline.Facts = in2024(c.Pipeline.Facts)
				if want = row.in24; want == "" {
					continue
				}
			}
			var s stored
			c.Produced = s.add
			server := New(c)
			got := strings.TrimSpace(said(handled(server, post("/batch", row.body))) + " " + s.String())
			if got != want {
				t.Errorf("%v: %s:\n got %s\nwant %s", g, row.fact, got, want)
			}
			if got := server.Stats().Events; g == capture.Current && got != row.did {
				t.Errorf("%v: %s: %+v, want %+v", g, row.fact, got, row.did)
			}
		}
		var s stored
		c := row.config
		c.Produced = s.add
		server := New(c)
		got := strings.TrimSpace(said(handledV1(server, headersV1(), row.bodyV1)) + " " + s.String())
		if got != row.toV1 {
			t.Errorf("v1: %s:\n got %s\nwant %s", row.fact, got, row.toV1)
		}
		if got := server.Stats().Events; got != row.didNew {
			t.Errorf("v1: %s: %+v, want %+v", row.fact, got, row.didNew)
		}
	}
}

// behind is an endpoint with some facts.
func behind(f pipeline.Facts) Config {
	f.CookielessByIP = true
	return Config{Pipeline: pipeline.Config{Facts: &f}}
}

// one is a bucket of one event.
func one(keepsOrder bool) pipeline.Bucket {
	return pipeline.Bucket{Limit: pipeline.Limit{PerSecond: 1, Burst: 1}, KeepsOrder: keepsOrder}
}

// in2024 are the same facts as the service of 2024 has them.
func in2024(f *pipeline.Facts) *pipeline.Facts {
	if f == nil {
		return nil
	}
	old := *f
	old.InPlace, old.CookielessByIP = true, false
	return &old
}

// TestSetupsOf2024: what the service of 2024 could not be set up for is refused.
func TestSetupsOf2024(t *testing.T) {
	t.Parallel()
	for _, c := range []Config{
		{Policy: capture.Policy{KnownTokens: []string{"t"}}}, {Policy: capture.Policy{Drop: []string{"t"}}},
		{Policy: capture.Policy{Import: true}}, {HistoricalAfter: time.Hour},
	} {
		c.Generation = capture.Generation2024
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "as of 2024") {
			t.Errorf("%+v: %v", c.Policy, err)
		}
		c.Generation = capture.Current
		if err := c.Validate(); err != nil {
			t.Error(err)
		}
	}
}

// TestStoredPrefix: of a batch that is refused for an event that is too large, and
// of one that is answered 503 in its middle, what comes before is stored, and
// counted apart.
func TestStoredPrefix(t *testing.T) {
	t.Parallel()
	big := `{"event":"e","distinct_id":"big","properties":{"p":"` + strings.Repeat("x", 3000) + `"}}`
	batchOf50 := batch(strings.Repeat(event+",", 25) + big + strings.Repeat(","+event, 24))
	for _, row := range []struct {
		fact   string
		config Config
		body   string
		status int
		stored int64
	}{
		{"too large, 2024", Config{Generation: capture.Generation2024, Limits: capture.Limits{Event: 3000}},
			batchOf50, 400, 25},
		{"too large, today", Config{Limits: capture.Limits{Event: 3000}}, batchOf50, 413, 25},
		{"the first is", Config{Limits: capture.Limits{Event: 3000}}, batch(big + "," + event), 413, 0},
		{"the large one is dropped by rule", Config{
			Limits: capture.Limits{Event: 3000},
			Policy: capture.Policy{Drop: []string{"t:big"}},
		}, batchOf50, 200, 0},
		{"a bad event stores nothing", Config{}, batch(event + `,{"event":"","distinct_id":"d"}`), 400, 0},
		{"503", Config{Reject: []Rejection{{503, 1}}}, batch(event + "," + event), 503, 0},
		{"503 in the middle", Config{Reject: []Rejection{{503, 1}}, Stored: 0.5},
			batch(strings.Repeat(event+",", 3) + event), 503, 2},
		{"429 comes before the sink", Config{Reject: []Rejection{{429, 1}}, Stored: 0.5},
			batch(event + "," + event), 429, 0},
	} {
		var produced stored
		row.config.Produced = produced.add
		s := New(row.config)
		const requests = 9
		for range requests {
			if got := handled(s, post("/batch", row.body)).Response.StatusCode(); got != row.status {
				t.Errorf("%s: %d, want %d", row.fact, got, row.status)
			}
		}
		stats := s.Stats()
		if row.status == 200 {
			continue
		}
		lanes := int64(0)
		for _, lane := range stats.Pipeline.Lanes {
			lanes += lane.Events
		}
		want := requests * row.stored
		if stats.Events.Stored != want || stats.Events.Accepted != 0 || lanes != want ||
			int64(len(produced.list)) != want {
			t.Errorf("%s: %+v, %d in lanes, %d messages, want %d", row.fact, stats.Events, lanes,
				len(produced.list), want)
		}
	}
}

// TestProducedTimes: the time of a message is the one that the service computes.
func TestProducedTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // it is 2000-01-01T00:00:00Z
		for _, row := range []struct{ fact, members, sentAt, want string }{
			{"none", "", "", "2000-01-01T00:00:00Z"},
			{"as it says", `"timestamp":"1999-12-31T12:00:00.5+01:00"`, "", "1999-12-31T11:00:00.5Z"},
			{"less the skew", `"timestamp":"1999-12-31T12:00:00Z"`, "2000-01-01T00:00:10Z", "1999-12-31T11:59:50Z"},
			{"the skew ignored", `"timestamp":"1999-12-31T12:00:00Z","properties":{"$ignore_sent_at":true}`,
				"2000-01-01T00:00:10Z", "1999-12-31T12:00:00Z"},
			{"an offset", `"offset":1500,"timestamp":"1999-12-31T12:00:00Z"`, "", "1999-12-31T23:59:58.5Z"},
			{"no time", `"timestamp":"soon"`, "", "2000-01-01T00:00:00Z"},
			{"23 h ahead", `"timestamp":"2000-01-01T23:00:00Z"`, "", "2000-01-01T23:00:00Z"},
			{"more than 23 h ahead", `"timestamp":"2000-01-01T23:00:01Z"`, "", "2000-01-01T00:00:00Z"},
			{"no zone", `"timestamp":"1999-12-31T12:00:00"`, "", "1999-12-31T12:00:00Z"},
			{"a short zone", `"timestamp":"1999-12-31T12:00:00.000+03"`, "", "1999-12-31T09:00:00Z"},
			{"milliseconds", `"timestamp":"0946684000000"`, "", "1999-12-31T23:46:40Z"},
			{"a long time ago", `"offset":9223372036854775807`, "", "1970-01-01T00:00:00Z"},
		} {
			var s stored
			server := New(Config{Produced: s.add})
			e := `{"event":"e","distinct_id":"d"` + strings.TrimSuffix(","+row.members, ",") + "}"
			body := batch(e)
			if row.sentAt != "" {
				body = strings.Replace(body, "{", `{"sent_at":"`+row.sentAt+`",`, 1)
			}
			if got := said(handled(server, post("/batch", body))); got != ok || len(s.list) != 1 ||
				s.list[0].Time != row.want {
				t.Errorf("%s: %s, %+v, want %s", row.fact, got, s.list, row.want)
			}
			if m := s.list[0]; len(m.UUID) != 36 || m.UUID[14] != '7' {
				t.Errorf("%s: uuid %s", row.fact, m.UUID)
			}
		}
	})
}
