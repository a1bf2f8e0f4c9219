package pipeline

import (
	"fmt"
	"path/filepath"

	"github.com/gofrs/flock"
)

// lockFolder keeps a folder for this process until release is called. The kernel lets go of it when the process dies, however
// that happens.
func lockFolder(dir string) (release func(), err error) {
	lock := flock.New(filepath.Join(dir, ".lock"))
	switch free, err := lock.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("output folder %s: %w", dir, err)
	case !free:
		return nil, fmt.Errorf("output folder %s: another process is working in it; wait for it or name another folder", dir)
	}
	return func() { lock.Close() }, nil
}
