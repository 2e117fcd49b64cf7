//go:build !unix

package permit

import (
	"errors"
	"os"
)

// seize cannot lock a stretch of a file here, and so no permit can be used.
func seize(*os.File, int64, int64) (holder int64, err error) {
	return -1, errors.New("this operating system has no locks of the kind that a permit needs")
}
