package container

import (
	"cmp"
	"path/filepath"

	"rehearse/scenario"
)

// Sums reads the files once more, each as far as it went when it was looked at, and
// returns what identifies them, in the order of their paths: an archive as a whole,
// and standard input, of which there is a copy, as a dash.
func (f Parts) Sums() (sums []scenario.FileSum, err error) {
	for _, p := range f.looked {
		name := cmp.Or(p.copyOf, p.Path)
		if p.copyOf == standardInput {
			name = Stdin
		} else if name, err = filepath.Abs(name); err != nil {
			return nil, err
		}
		sum, err := scenario.SumFile(name, p.Path, p.file.Size())
		if err != nil {
			return nil, err
		}
		sums = append(sums, sum)
	}
	return sums, nil
}
