package event

// IsPersonal reports whether the name of an event looks as if it told of a person: it
// holds an address, or as many digits as a number that identifies. Such a name is
// neither sent under pseudonyms nor written into a profile.
func IsPersonal(name []byte) bool {
	digits := 0
	for _, b := range name {
		switch {
		case b == '@':
			return true
		case b-'0' <= 9:
			digits++
		}
	}
	return digits > mostDigits
}

// mostDigits is how many digits the name of an event may hold: a year, or a version.
const mostDigits = 4
