package preflight

import (
	"fmt"
	"math"
	"slices"
	"time"

	"rehearse/internal/capture/pipeline"
	"rehearse/internal/text"
	"rehearse/internal/units"
	"rehearse/scenario"
)

// staged is what the scenario makes of the embedded endpoint; nil where a file
// says what the pipeline does, or the target is another endpoint.
func (l *checker) staged() *scenario.Staging {
	if l.file || l.s.Target.URL != "" {
		return nil
	}
	return &l.s.Staging
}

// forced tells whether all events of a key overflow, whatever its rate. The
// historical lane is not looked at.
func (l *checker) forced(k *key) bool {
	return !l.s.Target.HistoricalMigration &&
		l.facts.Restricted(pipeline.ForceOverflow, []byte(k.token), k.bytes())
}

// tokenForced tells whether all events of a token overflow.
func (l *checker) tokenForced(token string) bool { return l.forced(&key{token: token}) }

// overQuota tells whether the events of a token are taken and dropped.
func (l *checker) overQuota(token string) bool {
	s := l.staged()
	return s != nil && slices.Contains(s.OverQuota, token)
}

// forcedLevel is what becomes of an id with a share of the events that overflow
// from the first on.
func (l *checker) forcedLevel(share float64) level {
	one := follow(l.report.curve, share, limits{burst: 1})
	return level{over: share * float64(l.load.Events), first: max(one.first, 0)}
}

// forcedCrowd is how many events overflow by order and are of none of the ids
// looked at: what else the projects have that overflow as a whole. limited is the
// share of the events that limits see.
func (l *checker) forcedCrowd(keys []key, limited float64) float64 {
	if l.s.Target.HistoricalMigration {
		return 0
	}
	sum, crowd := 0.0, 0.0
	for _, t := range l.projects() {
		sum += t.Weight
	}
	for _, t := range l.projects() {
		token := t.Token.Reveal()
		if !l.tokenForced(token) || l.overQuota(token) {
			continue
		}
		rest := t.Weight / sum * limited * float64(l.load.Events)
		for i := range keys {
			if keys[i].token == token {
				rest -= math.Round(keys[i].over) // as it is reported
			}
		}
		crowd += max(rest, 0)
	}
	return crowd
}

// forcedOverflow says which ids overflow because a rule says so.
func forcedOverflow(l *checker) []Finding {
	if len(l.facts.Matches(pipeline.ForceOverflow)) == 0 || l.s.Target.HistoricalMigration {
		return nil
	}
	events := int64(math.Round(l.crowd))
	for _, h := range l.report.hot {
		if h.forced {
			events += h.Overflow
		}
	}
	return told(cured(l.accommodate(draft{"forced-overflow", l.rulePath("overflow"),
		fmt.Sprintf("a rule sends events of some tokens or distinct_ids to the overflow lane, whatever their "+
			"rate: %s events%s lose their order and are processed without persons", text.Count(events),
			around(l.report.Plan.Errors.Overflow)),
		l.ruleHint()}), l.withoutRule("overflow")),
		"A rule on our side moves a part of these events to a slower lane, out of order and without persons. Please "+
			"do not start before we have lifted it.")
}

// rulePath is the field of the scenario that gives a rule; staging where it comes from the
// file of the pipeline.
func (l *checker) rulePath(field string) string {
	if path := "staging." + field; l.s.Gives(path) {
		return path
	}
	return "staging"
}

// ruleHint is what helps against a rule.
func (l *checker) ruleHint() string {
	if l.file {
		return "lift the restriction for the run, or agree on it"
	}
	return "leave the rule out of staging, unless that is what is rehearsed"
}

// scripted says that the endpoint is told to misbehave.
func scripted(l *checker) []Finding {
	s := l.staged()
	if s == nil || len(s.Script) == 0 {
		return nil
	}
	var words []string
	for i := range s.Script {
		m := &s.Script[i]
		words = append(words, units.FormatDuration(m.From)+" to "+units.FormatDuration(m.To))
	}
	const most = 5
	return l.note(draft{"scripted-faults", "staging.script",
		"the embedded endpoint misbehaves as its script says, from " +
			list(words[:min(len(words), most)],
				max(len(words)-most, 0)) + ": what it rejects or drops then is not counted here",
		"leave staging.script out, unless that is what is rehearsed"})
}

// quota says how much is dropped in silence.
func quota(l *checker) []Finding {
	s := l.staged()
	if s == nil || len(s.OverQuota) == 0 {
		return nil
	}
	lost := l.dropped()
	if lost == 0 {
		return nil
	}
	return l.accommodate(draft{"over-quota", "staging.over_quota",
		fmt.Sprintf("%s events%s, %s of all, belong to projects over their quota: they are "+
			"answered 200 and dropped", text.Count(lost), around(l.tokenError(lost)),
			text.Percent(float64(lost)/float64(max(l.load.Events, 1)))),
		"leave staging.over_quota out, unless that is what is rehearsed"})
}

// tokenError is the error of a number of events that some of several projects have:
// which project a request belongs to is drawn.
func (l *checker) tokenError(events int64) float64 {
	share := float64(events) / float64(max(l.load.Events, 1))
	if l.load.Tally != nil || len(l.projects()) == 1 || share <= 0 || share >= 1 {
		return 0
	}
	return 1.96 * math.Sqrt((1-share)/share/float64(max(l.load.Requests, 1)))
}

// dropped is how many events belong to projects over their quota.
func (l *checker) dropped() int64 {
	if l.load.Tally != nil {
		return l.ruled.listed
	}
	lost := 0.0
	for _, t := range l.projects() {
		if l.overQuota(t.Token.Reveal()) {
			lost += t.Weight / weightOfAll(l.projects())
		}
	}
	return int64(math.Round(lost * l.taken * float64(l.load.Events)))
}

// overQuotas notes the events of projects over their quota among what the endpoint drops.
func (l *checker) overQuotas() {
	if lost := l.dropped() + int64(math.Round(l.ruled.beyond)); lost > 0 {
		l.report.Plan.Refused = append(l.report.Plan.Refused, Refused{Status: 200, Events: lost,
			Error: l.tokenError(lost), Reason: "the project is over its quota"})
	}
}

// projects are the tokens of the events, and how much each has of it.
func (l *checker) projects() []scenario.TokenShare { return projectsOf(l.s) }

// use works out when the quotas of projects are used up by shares of the load and by what
// else is sent to them.
func (l *checker) use(shares map[string]float64) {
	c, q := &l.ruled.quotaUse, float64(l.facts.Quota)
	for token, share := range shares {
		own, other := share*float64(l.load.Events), l.besideTo(token)
		others := 0.0
		if other > 0 {
			others = other * float64(l.beside.Load.Events)
		}
		if q == 0 || own == 0 || own+others <= q || l.overQuota(token) {
			continue
		}
		at := l.usedUp(share, other)
		c.beyond += own - share*l.load.Curve.Count(at)
		if other > 0 {
			c.others += others - other*l.beside.Load.Curve.Count(at)
		}
		if !c.ended || at < c.ends {
			c.ended, c.ends = true, at
		}
	}
}

// besideTo is how much of what else is sent goes to a project.
func (l *checker) besideTo(token string) (share float64) {
	if l.beside == nil {
		return 0
	}
	all := projectsOf(l.beside.Scenario)
	for _, t := range all {
		if t.Token.Reveal() == token {
			share += t.Weight / weightOfAll(all)
		}
	}
	return share
}

// usedUp is when a share of the load and one of what else is sent have used a quota up, to the
// millisecond.
func (l *checker) usedUp(share, other float64) time.Duration {
	q := float64(l.facts.Quota)
	if other == 0 {
		return l.load.Curve.When(q / share)
	}
	low, high := time.Duration(0), max(l.load.Curve.Span(), l.beside.Load.Curve.Span())
	for high-low > time.Millisecond {
		at := low + (high-low)/2
		if share*l.load.Curve.Count(at)+other*l.beside.Load.Curve.Count(at) < q {
			low = at
		} else {
			high = at
		}
	}
	return high
}

// shared works the quotas out once more of a load that was counted alone, where something
// else is sent to its projects.
func (l *checker) shared() {
	shares, common := map[string]float64{}, false
	for _, t := range l.projects() {
		token := t.Token.Reveal()
		shares[token] += t.Weight / weightOfAll(l.projects())
		common = common || l.besideTo(token) > 0
	}
	if common && l.facts.Quota > 0 {
		l.ruled.quotaUse = quotaUse{}
		l.use(shares)
	}
}

// buckets is how many replicas' buckets the events of an id are spread over, if
// connections are spread evenly: a connection stays with one replica, so there are
// no more of them than connections, and an id whose order is kept has one alone.
func buckets(s *scenario.Scenario, f *Facts) int {
	switch {
	case s.Replay != nil && s.Replay.Order == scenario.OrderPerID:
		return 1
	case s.Target.Reconnect:
		return f.Replicas
	}
	return min(f.Replicas, s.Target.Connections)
}

// worstReplica is how many events of the ids overflow if one replica has all the
// connections. limited is the share of the events that limits see.
func (l *checker) worstReplica(keys []key, limited float64) (over float64) {
	if l.buckets <= 1 {
		return 0
	}
	one := *l
	one.buckets = 1
	for i := range keys {
		over += math.Round(one.levelOf(&keys[i], limited, false).over)
	}
	return over + l.crowd
}

// replicas says between what the overflow lies, where it depends on how connections
// are spread.
func replicas(l *checker) []Finding {
	even := l.report.Plan.Overflow
	if l.worst < float64(even)+1 {
		return nil
	}
	return l.note(draft{"replicas", l.idsPath(),
		fmt.Sprintf("the per-id limit is computed for %d replicas, each with its own bucket, and "+
			"connections spread evenly: %s events overflow; if one replica had all connections, "+
			"%s would",
			l.buckets, text.Count(even), text.Count(l.worst)),
		"ask how the load balancer spreads connections; limits.replicas: 1 is the worst case"})
}
