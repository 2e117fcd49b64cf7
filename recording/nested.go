package recording

import (
	"strings"
)

// nested makes events of the elements of a list in a line: each is read as a line of
// its own, with the members of the line around it that it does not have itself.
type nested struct {
	path string // to the list

	list   scanner // at the next element
	index  int64   // of the element before, from 1
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
func (n *nested) open(line []byte) Reason {
	n.around, n.index = n.around[:0], 0
	n.list = scanner{}
	var list []byte
	s := scanner{text: line}
	s.enter()
	for name, more := s.member(); more; name, more = s.member() {
		start := s.named
		value := s.value()
		text := line[start:s.at]
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
	case !s.sound():
		return unsound(&s)
	case len(list) == 0 || list[0] != '[':
		return NoList
	}
	n.known = make(map[string]int, len(n.around))
	for i, m := range n.around {
		n.known[string(m.name)] = i
	}
	n.list = scanner{text: list, at: 1}
	if n.list.kind() == ']' {
		n.list = scanner{}
		return EmptyList
	}
	return ""
}

// find returns what the path leads to in a member, and whether it is the whole of it.
func (n *nested) find(name, value []byte) (list []byte, whole bool) {
	if string(name) == n.path {
		return value, true
	}
	if inside, ok := strings.CutPrefix(n.path, string(name)+"."); ok {
		list, _ = descend(value, inside)
	}
	return list, false
}

// without returns a member with null in place of the list.
func (n *nested) without(text, list []byte) []byte {
	at := cap(text) - cap(list) // They share an array, to its end.
	n.cut = append(append(append(n.cut[:0], text[:at]...), "null"...), text[at+len(list):]...)
	return n.cut
}

// more reports whether the list of the line has another element.
func (n *nested) more() bool { return len(n.list.text) > 0 && n.list.at < len(n.list.text) }

// next returns the next element, good until the next call.
func (n *nested) next() (line []byte, reason Reason) {
	n.index++
	n.list.kind()
	element := n.list.value() // The line is valid.
	if n.list.kind() == ']' {
		n.list.at = len(n.list.text)
	}
	n.list.at++
	if !isObject(element) {
		return element, NotJSON
	}
	n.text = append(n.text[:0], '{')
	s := scanner{text: element}
	for name, more := s.first(); more; name, more = s.member() {
		start := s.named
		s.value()
		if i, ok := n.known[string(name)]; ok {
			n.around[i].given = n.index
		}
		n.add(element[start:s.at])
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
func (n *nested) add(text []byte) {
	if len(n.text) > 1 {
		n.text = append(n.text, ',')
	}
	n.text = append(n.text, text...)
}

// seed tells elements of one line apart.
func (n *nested) seed() int64 { return n.index << 40 }
