package preflight

import (
	"fmt"

	"rehearse/internal/text"
)

// The bounds of what stays for ever: a person is a row in a database, a name an
// entry in everybody's list of events.
const (
	// manyPersons is from where on new persons matter to a database.
	manyPersons = 1_000_000
	// perPerson is how many events a person has at least where persons are real. An
	// id that is new with nearly every event is not a person but a mistake, such as
	// a random number.
	perPerson = 4
	// manyNames is how many different events a product has at most.
	manyNames = 1000
)

// persons refuses ids without bound.
func persons(l *look) []Finding {
	n := l.report.Plan.Persons
	if n <= manyPersons || n*perPerson <= l.load.Events {
		return nil
	}
	return l.refuse(saying{"unbounded-persons", "traffic.distinct_ids",
		fmt.Sprintf("%s different distinct_ids in %s events, fewer than %d events each: every one becomes a person that stays", text.Count(n), text.Count(l.load.Events), perPerson),
		"lower distinct_ids.count, growth or visits.anonymous, or ask for events without a person (personless)"})
}

// names refuses event names without bound.
func names(l *look) []Finding {
	if l.names <= manyNames {
		return nil
	}
	return l.refuse(saying{"unbounded-event-names", "traffic.events",
		fmt.Sprintf("%s different event names: every one becomes a definition that stays", text.Count(l.names)),
		fmt.Sprintf("use %s names or fewer, and put what differs into a property", text.Count(manyNames))})
}
