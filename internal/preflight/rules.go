package preflight

import (
	"fmt"
	"math"
	"strings"

	"rehearse/generator/traffic"
	"rehearse/internal/capture"
	"rehearse/internal/capture/pipeline"
	"rehearse/internal/preflight/cure"
	"rehearse/internal/text"
	"rehearse/scenario"
)

// restricts tells whether a restriction is about the events of a key.
func (l *checker) restricts(a pipeline.Action, k *key) bool {
	return l.facts.Restricted(a, []byte(k.token), k.bytes())
}

// rules works out what the rules and the quota do to synthesized traffic.
func (l *checker) rules(model *traffic.Model, keys []key) {
	if len(l.facts.Restrictions)+len(l.facts.Global.Overrides) > 0 {
		l.missed(l.looked(model, keys))
	}
	c, sum, used := &l.ruled, weightOfAll(l.projects()), map[string]float64{}
	for _, t := range l.projects() {
		whole, share := key{token: t.Token.Reveal()}, t.Weight/sum*l.taken
		events, before := share*float64(l.load.Events), c.dropped
		for a, n := range map[pipeline.Action]*float64{
			pipeline.SkipPersons: &c.skipped, pipeline.Redirect: &c.redirected, pipeline.Drop: &c.dropped,
		} {
			if l.facts.Restricted(a, []byte(whole.token), nil) {
				*n += events
				continue
			}
			for i := range keys {
				if k := &keys[i]; k.token == whole.token && l.restricts(a, k) {
					*n += k.share * l.taken * float64(l.load.Events)
				}
			}
		}
		used[whole.token] += share - (c.dropped-before)/float64(max(l.load.Events, 1))
	}
	l.use(used)
}

// notTaken notes what rules drop among what the endpoint refuses.
func (l *checker) notTaken() {
	if n := int64(math.Round(l.ruled.dropped)); n > 0 {
		l.report.Plan.Refused = append(l.report.Plan.Refused, Refused{Status: 200, Events: n, Error: l.tokenError(n),
			Reason: "a rule drops the events of this token or distinct_id"})
	}
}

// cookieless says that events are keyed by the one address that they come from, which the
// figures that are worked out do not know.
func cookieless(l *checker) []Finding {
	if l.s.Traffic == nil || l.load.Tally != nil || !l.facts.CookielessByIP {
		return nil
	}
	var all, without float64
	for _, e := range l.s.Traffic.Events {
		all += e.Weight
		without += e.Weight * cookielessShare(e.Properties)
	}
	if without == 0 {
		return nil
	}
	return l.accommodate(draft{"cookieless", "traffic.events",
		fmt.Sprintf("%s of the events have no cookies: the address that they come from stands in their key for "+
			"the distinct_id, and they all come from one machine: up to %s events/s of one key, of which overflow, "+
			"partitions and lag above know nothing", text.Percent(without/all),
			text.Rate(l.report.Plan.PeakEvents*without/all)),
		"rehearse check --exact counts them; real ones come from many addresses: leave $cookieless_mode out to " +
			"rehearse those"})
}

// cookielessShare is how many of the events with these properties have no cookies.
func cookielessShare(properties []scenario.Property) float64 {
	var all, without float64
	for _, p := range properties {
		if p.Name != "$cookieless_mode" {
			continue
		}
		for _, c := range p.Value.Choices {
			all += c.Weight
			if c.JSON == "true" {
				without += c.Weight
			}
		}
	}
	return without / max(all, 1e-300)
}

// importMode says that all of it would be dropped.
func importMode(l *checker) []Finding {
	return l.discarded(capture.NotHistorical, draft{"import-mode", l.rulePath("mode"),
		"the endpoint takes imports only, and batches are not marked historical_migration: ",
		"set target.historical_migration to true, or send to the endpoint of live events"},
		"This endpoint takes imports only. Please set historical_migration to true in every batch: of batches "+
			"without it all events are dropped, though the answer is 200.", cure.Historical(l.s))
}

// droppedByRule says what a restriction drops.
func droppedByRule(l *checker) []Finding {
	return l.discarded(capture.ByRule, draft{"dropped-by-rule", l.rulePath("drop"),
		"a rule drops the events of some tokens or distinct_ids: ", l.ruleHint()},
		"A rule on our side drops a part of these events, though the answer is 200. Please do not start before we "+
			"have lifted it.", l.withoutRule("drop"))
}

// discarded makes a finding of events that are answered 200 and dropped.
func (l *checker) discarded(why capture.Discard, d draft, tell string, cures ...cure.Cure) []Finding {
	lost, off := int64(0), 0.0
	for i := range l.load.Refused {
		if r := &l.load.Refused[i]; r.Discard == why {
			lost, off = lost+r.Events, max(off, r.Error)
		}
	}
	if why == capture.ByRule && l.load.Tally == nil {
		lost = int64(math.Round(l.ruled.dropped))
		off = l.tokenError(lost)
	}
	if lost == 0 {
		return nil
	}
	find := l.accommodate
	if 2*lost >= l.load.Events {
		find = l.refuse // most of it is lost
	}
	d.message += fmt.Sprintf("%s of %s events%s are answered 200 and go nowhere", text.Count(lost),
		text.Count(l.load.Events), around(off))
	return told(cured(find(d), cures...), tell)
}

// withoutRule leaves the rules of the embedded endpoint out, as far as the scenario has
// them.
func (l *checker) withoutRule(field string) cure.Cure {
	for _, path := range [...]string{"staging." + field, "staging.pipeline.restrictions"} {
		if l.s.Gives(path) && l.staged() != nil {
			return cure.Set("without the rule", path, "null")
		}
	}
	return cure.Cure{}
}

// withoutPersons says whose events are processed without persons.
func withoutPersons(l *checker) []Finding {
	n := math.Round(l.ruled.skipped)
	if n < 1 {
		return nil
	}
	return told(cured(l.accommodate(draft{"without-persons", l.rulePath("pipeline.restrictions"),
		fmt.Sprintf("a rule processes %s events without persons: they set no properties, merges of them do not "+
			"happen, and on the main lane they have no key, so that nothing holds them in order", text.Count(n)),
		l.ruleHint()}), l.withoutRule("pipeline.restrictions")),
		"Events of this run are stored without persons: they set no person properties, and identify and alias calls "+
			"among them do not merge persons.")
}

// redirected says whose events take a topic of their own.
func redirected(l *checker) []Finding {
	n := math.Round(l.ruled.redirected)
	if n < 1 {
		return nil
	}
	return told(cured(l.accommodate(draft{"redirected", l.rulePath("pipeline.restrictions"),
		fmt.Sprintf("a rule redirects %s events to a topic of its own: the limits of the main lane do not hold for "+
			"them, and when they are processed is not known here", text.Count(n)), l.ruleHint()}),
		l.withoutRule("pipeline.restrictions")),
		"Events of this run take a lane of their own; they appear once that lane has caught up.")
}

// quotaEnds says when the quota of a project is used up.
func quotaEnds(l *checker) []Finding {
	c := &l.ruled
	lost := math.Round(c.beyond)
	if !c.ended || lost < 1 {
		return nil
	}
	path := "staging"
	for _, given := range [...]string{"staging.pipeline.limits.quota", "staging.pipeline"} {
		if l.staged() != nil && l.s.Gives(given) {
			path = given
			break
		}
	}
	when, others := l.report.moment(c.ends.Seconds()), ""
	if c.others > 0 {
		others = ", by this load and what is sent beside it to the same project"
	}
	raise := text.Count(lost + math.Round(c.others))
	return told(cured(l.accommodate(draft{"quota-ends", path,
		fmt.Sprintf("the quota of %s events is used up %s%s: %s events%s, %s of all, are answered 200 and dropped, as "+
			"are those of live traffic of the project (other figures are those of all events)",
			text.Count(l.facts.Quota), when, others, text.Count(lost), around(l.tokenError(int64(lost))),
			text.Percent(lost/float64(max(l.load.Events, 1)))),
		fmt.Sprintf("raise the quota by %s events for the run, or send %s at most", raise,
			text.Count(float64(l.load.Events)-lost))}),
		cure.Shorten(l.s, l.load.Curve.Stages(), math.Floor(l.load.Curve.Count(c.ends)))),
		fmt.Sprintf("This run needs %s events more than are left of your quota, which is used up %s. From then on "+
			"all events of the project are dropped, those of your live traffic too, though the answer is 200. Please "+
			"raise the limit before the start.", raise, when))
}

// missed notes the overrides and restrictions that match nothing, by a test of whether an id
// of a token comes.
func (l *checker) missed(comes func(token, id string) bool) {
	matches := l.facts.Global.Matches()
	for i := range l.facts.Restrictions {
		matches = append(matches, l.facts.Restrictions[i].Match)
	}
	for _, match := range matches {
		if !l.meets(match, comes) {
			l.ruled.missing = append(l.ruled.missing, l.ruleAt(match))
		}
	}
}

// meets tells whether an event of the run matches: it has the token, or the token and the
// distinct_id.
func (l *checker) meets(match string, comes func(token, id string) bool) bool {
	for _, t := range l.projects() {
		rest, ok := strings.CutPrefix(match, t.Token.Reveal())
		id, one := strings.CutPrefix(rest, ":")
		if ok && (rest == "" || one && comes(t.Token.Reveal(), id)) {
			return true
		}
	}
	return false
}

// ruleAt is where an override or restriction is given, without its token, which is secret.
func (l *checker) ruleAt(match string) string {
	_, id, one := strings.Cut(match, ":")
	where := l.s.Where("staging.pipeline")
	if l.facts.read != nil {
		where = l.facts.read.At(match)
	}
	if !one {
		return where
	}
	return where + " (" + string(plain(id, 40)) + ")"
}

// unmatched notes overrides and restrictions of ids that never come.
func unmatched(l *checker) []Finding {
	places := l.ruled.missing
	if len(places) == 0 {
		return nil
	}
	const most = 5
	of := "no event of this run"
	if c := l.census; c != nil && !c.Whole {
		of = "none of the busiest ids of this run, nor a whole project"
	}
	found := l.note(draft{"unmatched-rules", "staging.pipeline",
		fmt.Sprintf("%s match %s: %s", text.Plural(int64(len(places)), "override or restriction"), of,
			list(places[:min(len(places), most)], max(len(places)-most, 0))),
		"compare token and distinct_id with those of the scenario; leave out what is of others"})
	if l.facts.read != nil {
		found[0].Where, _, _ = strings.Cut(places[0], " ")
	}
	return found
}

// looked tells whether an id of a token is among the keys, or among all ids where all
// were met.
func (l *checker) looked(model *traffic.Model, keys []key) func(token, id string) bool {
	ids := map[string]bool{}
	for i := range keys {
		ids[keys[i].id] = true
	}
	if l.census.Whole {
		model.Each(l.census, func(id []byte, _ int64) { ids[string(id)] = true })
	}
	return func(_, id string) bool { return ids[id] }
}
