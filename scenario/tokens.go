package scenario

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v4"
)

// TokenShare is one of several projects that the events go to. All events of a
// batch go to one.
type TokenShare struct {
	Token  Secret
	Weight float64
}

// maxTokens is how many projects a scenario may send to.
const maxTokens = 1000

// readTokens reads the tokens that batches are sent with instead of the target's.
func readTokens(v value) []TokenShare {
	items := v.list()
	if len(items) > maxTokens {
		v.fail(fmt.Sprintf("more than %d tokens", maxTokens), "")
		return nil
	}
	var all []TokenShare
	var sum float64
	before := len(v.d.errors)
	for _, item := range items {
		t := TokenShare{Weight: 1}
		item.object(fields{
			"token":  func(v value) { t.Token = NewSecret(readListedToken(v)) },
			"weight": func(v value) { t.Weight = v.number(0, 1e9) },
		})
		item.require("token")
		sum += t.Weight
		all = append(all, t)
	}
	// The longest first, because one may hold another.
	slices.SortFunc(v.d.secrets, func(a, b string) int { return len(b) - len(a) })
	if sum == 0 && len(v.d.errors) == before {
		v.fail("no token has a weight above 0", "")
	}
	return all
}

// readListedToken reads a token and makes sure that it is struck out of copies of
// the file. That is done by looking for it, so it must stand there as it is and
// not be part of any word.
func readListedToken(v value) string {
	if v.node.Kind != yaml.ScalarNode {
		return readToken(v)
	}
	for _, secret := range secretsOf(v.d.lookup, v.node) {
		if secret != "" && len(secret) < minSecret {
			v.fail(fmt.Sprintf("must have %d characters at least, to be left out of copies of the file", minSecret), "")
			return ""
		}
		v.d.secrets = append(v.d.secrets, secret)
	}
	if v.node.Style&yaml.DoubleQuotedStyle != 0 {
		v.fail("must not stand in double quotes, which could hide it", "write it plainly or in single quotes")
	}
	return readToken(v)
}
