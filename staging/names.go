package staging

import (
	"maps"
	"sync"
	"sync/atomic"
)

// The names that are counted one by one: the first 1,000 of at most 200 bytes
// (the limit of v1). All others are counted together, so that a client that
// makes up names cannot make the endpoint grow.
const (
	maxNames      = 1000
	maxNameLength = 200
)

// names numbers event names from 1 on, in the order in which they are first
// seen. Readers never wait: the table is replaced, not changed.
type names struct {
	table atomic.Pointer[map[string]int]
	mu    sync.Mutex // held by the one who replaces the table
}

// number returns the number of name, 0 for one that is not counted on its own.
func (n *names) number(name []byte) int {
	if table := n.table.Load(); table != nil {
		if number, known := (*table)[string(name)]; known {
			return number
		}
		if len(*table) == maxNames {
			return 0
		}
	}
	if len(name) > maxNameLength {
		return 0
	}
	return n.add(string(name))
}

func (n *names) add(name string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	old := n.all()
	if number, known := old[name]; known || len(old) == maxNames {
		return number
	}
	table := make(map[string]int, len(old)+1)
	maps.Copy(table, old)
	table[name] = len(table) + 1
	n.table.Store(&table)
	return len(table)
}

// all returns the names with their numbers. The map must not be changed.
func (n *names) all() map[string]int {
	if table := n.table.Load(); table != nil {
		return *table
	}
	return nil
}
