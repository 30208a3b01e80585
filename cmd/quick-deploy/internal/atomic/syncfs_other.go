//go:build !linux

package atomic

import (
	"errors"
	"fmt"
)

const canSyncFS = false

func syncFS(dir string) error {
	return fmt.Errorf("sync the file system of %s: %w", dir, errors.ErrUnsupported)
}
