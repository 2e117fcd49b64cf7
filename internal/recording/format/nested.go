package format

import (
	"rehearse/internal/jsonscan"
	"rehearse/internal/recording/event"
	"strings"
)

// nested makes events of the elements of a list in a line: each is read as a line of
// its own, with the members of the line around it that it does not have itself.
type Nested struct {
	Path string // to the list

	list   jsonscan.Scanner // at the next element
	index  int64            // of the element before, from 1
	around []member
	known  map[string]int // places in around, by name
	text   []byte
	cut    []byte // the member around a list that lies deeper
}

// member is a member of a line as it is written.
type member struct {
	name, text []byte
	given      int64 // the element that has it, too
}

// open takes a line, or says why no list is in it.
func (n *Nested) Open(line []byte) event.Reason {
	n.around, n.index = n.around[:0], 0
	n.list = jsonscan.Scanner{}
	var list []byte
	s := jsonscan.Scanner{Text: line}
	s.Enter()
	for name, more := s.Member(); more; name, more = s.Member() {
		start := s.Named
		value := s.Value()
		text := line[start:s.At]
		if found, whole := n.find(name, value); found != nil {
			list = found
			if whole {
				continue
			}
			text = n.without(text, found)
		}
		n.around = append(n.around, member{name: name, text: text})
	}
	switch {
	case !s.Sound():
		return unsound(&s)
	case len(list) == 0 || list[0] != '[':
		return event.NoList
	}
	n.known = make(map[string]int, len(n.around))
	for i, m := range n.around {
		n.known[string(m.name)] = i
	}
	n.list = jsonscan.Scanner{Text: list, At: 1}
	if n.list.Kind() == ']' {
		n.list = jsonscan.Scanner{}
		return event.EmptyList
	}
	return ""
}

// find returns what the path leads to in a member, and whether it is the whole of it.
func (n *Nested) find(name, value []byte) (list []byte, whole bool) {
	if string(name) == n.Path {
		return value, true
	}
	if inside, ok := strings.CutPrefix(n.Path, string(name)+"."); ok {
		list, _ = descend(value, inside)
	}
	return list, false
}

// without returns a member with null in place of the list.
func (n *Nested) without(text, list []byte) []byte {
	at := cap(text) - cap(list) // They share an array, to its end.
	n.cut = append(append(append(n.cut[:0], text[:at]...), "null"...), text[at+len(list):]...)
	return n.cut
}

// more reports whether the list of the line has another element.
func (n *Nested) More() bool { return len(n.list.Text) > 0 && n.list.At < len(n.list.Text) }

// next returns the next element, good until the next call.
func (n *Nested) Next() (line []byte, reason event.Reason) {
	n.index++
	n.list.Kind()
	element := n.list.Value() // The line is valid.
	if n.list.Kind() == ']' {
		n.list.At = len(n.list.Text)
	}
	n.list.At++
	if !jsonscan.IsObject(element) {
		return element, event.NotJSON
	}
	n.text = append(n.text[:0], '{')
	s := jsonscan.Scanner{Text: element}
	for name, more := s.First(); more; name, more = s.Member() {
		start := s.Named
		s.Value()
		if i, ok := n.known[string(name)]; ok {
			n.around[i].given = n.index
		}
		n.add(element[start:s.At])
	}
	for i := range n.around {
		if m := &n.around[i]; m.given != n.index {
			n.add(m.text)
		}
	}
	n.text = append(n.text, '}')
	return n.text, ""
}

// add adds a member.
func (n *Nested) add(text []byte) {
	if len(n.text) > 1 {
		n.text = append(n.text, ',')
	}
	n.text = append(n.text, text...)
}

// seed tells elements of one line apart.
func (n *Nested) Seed() int64 { return n.index << 40 }
