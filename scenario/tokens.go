package scenario

import (
	"fmt"

	"rehearse/scenario/strict"
)

// TokenShare is one of several projects that the events go to. All events of a
// batch go to one.
type TokenShare struct {
	Token  strict.Secret
	Weight float64
}

// maxTokens is how many projects a scenario may send to.
const maxTokens = 1000

// readTokens reads the tokens that batches are sent with instead of the target's.
func readTokens(v strict.Value) []TokenShare {
	items := v.List()
	if len(items) > maxTokens {
		v.Fail(fmt.Sprintf("more than %d tokens", maxTokens), "")
		return nil
	}
	var all []TokenShare
	var sum float64
	before := v.Document().Mistakes()
	for _, item := range items {
		t := TokenShare{Weight: 1}
		item.Object(strict.Fields{
			"token":  func(v strict.Value) { t.Token = readListedToken(v) },
			"weight": func(v strict.Value) { t.Weight = v.Number(0, 1e9) },
		})
		item.Require("token")
		sum += t.Weight
		all = append(all, t)
	}
	if sum == 0 && v.Document().Mistakes() == before {
		v.Fail("no token has a weight above 0", "")
	}
	return all
}

// readListedToken reads a token and makes sure that it is struck out of copies of
// the file.
func readListedToken(v strict.Value) strict.Secret {
	if !v.Hide() {
		return strict.Secret{}
	}
	return readToken(v)
}
