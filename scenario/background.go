package scenario

import (
	"fmt"
	"slices"
	"strconv"

	"rehearse/scenario/strict"
)

// Streams are the scenario and its background, which a run sends side by side.
func (s *Scenario) Streams() []*Scenario {
	if s.Background == nil {
		return []*Scenario{s}
	}
	return []*Scenario{s, s.Background}
}

// seedsApart is how far the seed of a background is from that of its scenario, unless it
// gives one.
const seedsApart = 1 << 32

// readBackground reads the stream that is sent beside that of s. It is a scenario of its
// own, whose document is a part of that of s; the endpoint and the contact are those of s.
func readBackground(v strict.Value, s *Scenario) *Scenario {
	b, part := newScenario(), v.Part()
	part.Root().Object(b.fields())
	b.complete(part)
	b.Name, b.Contact, b.Intake, b.Staging = s.Name+"-background", s.Contact, s.Intake, s.Staging
	b.Target.URL = s.Target.URL
	part.Refuse("has no meaning in a background", "both streams go to one endpoint: leave it out",
		"target.url", "target.prometheus", "target.metrics", "target.backlog")
	if len(b.Arrived) > 0 {
		part.Fail("thresholds", fmt.Sprintf("%q has no meaning in a background", b.Arrived[0].Text),
			"verify looks for the events of the scenario alone: leave it out")
	}
	token, given := part.Value("target.token")
	switch {
	case !given:
		b.Target.Token = s.Target.Token
	case !token.IsResolved():
		token.Hide()
	}
	if b.Traffic != nil && s.Traffic != nil && !part.Has("traffic.seed") {
		b.Traffic.Seed = s.Traffic.Seed + seedsApart
	}
	if v.IsMapping() {
		check(part, b)
		checkApart(part, s, b)
	}
	b.stand(part)
	v.Document().Join(part)
	return b
}

// stand makes the document of a background one that can be read without the whole.
func (s *Scenario) stand(part *strict.Document) {
	part.Default("name", s.Name)
	if s.Target.URL != "" {
		part.Default("target.url", s.Target.URL)
	}
	if s.Traffic != nil {
		part.Default("traffic.seed", strconv.FormatUint(s.Traffic.Seed, 10))
	}
	s.source.doc = part
}

// checkApart refuses two streams that would send the same events, of which a pipeline
// stores one.
func checkApart(part *strict.Document, s, b *Scenario) {
	const apart = 100_000 // trials add their numbers to seeds
	if s.Traffic != nil && b.Traffic != nil {
		if near := max(s.Traffic.Seed, b.Traffic.Seed) - min(s.Traffic.Seed, b.Traffic.Seed); near < apart {
			part.Fail("traffic.seed", "too close to the seed of the scenario: events could be the same",
				fmt.Sprintf("leave it out, or give one that is %d away", apart))
		}
	}
	if b.Load.Closed > 0 {
		part.Fail(closedPath, "a background needs a schedule", "give background.load.profile")
	}
	if s.Replay == nil || b.Replay == nil {
		return
	}
	for _, path := range b.Replay.Paths {
		if slices.Contains(s.Replay.Paths, path) {
			part.Fail("replay.files", "a recording of the scenario itself: its events would be sent twice",
				"replay another one, or synthesize traffic")
			return
		}
	}
}
