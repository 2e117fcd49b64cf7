package merge

import (
	"fmt"
	"time"

	"rehearse/results"
	"rehearse/results/judge"
	"rehearse/scenario"
)

// wholeRule is an abort rule that is held against the whole: what no shard alone saw
// may break it.
type wholeRule struct {
	rule    scenario.Abort
	watch   *judge.Aborts
	fired   *judge.Fired
	blindAt time.Duration // from when on intervals are wider than its window; 0: they never were
}

// newWholeRule begins to watch a rule.
func newWholeRule(rule scenario.Abort) *wholeRule {
	return &wholeRule{rule: rule, watch: judge.NewAborts([]scenario.Abort{rule})}
}

// observe takes in an interval. The log of a long run has intervals that may be
// wider than the window of the rule; from there on nothing can be said of it.
func (w *wholeRule) observe(iv *results.Interval) {
	const slack = time.Second / 2 // an interval of a second is never exactly one
	switch {
	case w.fired != nil || w.blindAt > 0:
	case iv.To-iv.From > w.rule.Window+slack:
		w.blindAt = max(iv.From, 1)
	default:
		w.fired = w.watch.Observe(iv)
	}
}

// judgeAborts notes which rules the whole broke, of those that no shard did.
func (m *merger) judgeAborts(f *results.Final) {
	for _, w := range m.aborts {
		switch {
		case w.fired != nil:
			if f.Rule == "" {
				f.Rule = w.rule.Text
			}
			f.Failures = append(f.Failures,
				w.fired.Why+", in all shards together: no shard saw it alone, and the load went on")
		case w.blindAt > 0:
			m.doubtAborts(f, w)
		}
	}
}

// doubtAborts says that a rule was not held against all of the run.
func (m *merger) doubtAborts(f *results.Final, w *wholeRule) {
	if f.Note != "" {
		f.Note += "; "
	}
	f.Note += fmt.Sprintf("abort rule %s was checked against all shards together up to %v alone: the log of a long "+
		"run has longer intervals after that than its window", w.rule.Text, w.blindAt.Round(time.Second))
}
