package datasets

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// trimCompression removes .gz or .zst from a file's name.
func trimCompression(path string) string {
	return strings.TrimSuffix(strings.TrimSuffix(path, ".gz"), ".zst")
}

// openMaybeCompressed opens a file, through a decompressor if its name ends with .gz or .zst.
func openMaybeCompressed(path string) (io.ReadCloser, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	switch {
	case strings.HasSuffix(path, ".gz"):
		text, err := gzip.NewReader(file)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", path, err), file.Close())
		}
		return &compressed{text, []io.Closer{text, file}}, nil
	case strings.HasSuffix(path, ".zst"):
		text, err := zstd.NewReader(file, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", path, err), file.Close())
		}
		return &compressed{text, []io.Closer{text.IOReadCloser(), file}}, nil
	default:
		return file, nil
	}
}

// compressed is the text of a compressed file.
type compressed struct {
	io.Reader
	closers []io.Closer
}

// Close closes the decompressor, then the file.
func (c *compressed) Close() error {
	var all error
	for _, closer := range c.closers {
		all = errors.Join(all, closer.Close())
	}
	return all
}
