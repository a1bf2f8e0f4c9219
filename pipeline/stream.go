package pipeline

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	trainer "github.com/ewtune/ewtune/gpu-trainer"
)

// StreamOptions say how to reach a split on another host. The zero value does for a local folder and for a server
// without token.
type StreamOptions struct {
	Token    string        // sent as bearer token; in the clear only to the same machine
	RootCAs  string        // PEM file of authorities to trust for flight+tls; empty for the system's
	Patience time.Duration // without any progress until a server is given up, one minute for 0
}

// Split is a prepared split, here or elsewhere: a trainer's source with its description.
type Split interface {
	trainer.Source
	Manifest() *Manifest
	Verify(ctx context.Context) error // reads and checks every row
}

// OpenSource opens a prepared split: a local folder, or flight://HOST:PORT/SPLIT (flight+tls:// with TLS) as `datasets
// serve` offers it.
func OpenSource(ctx context.Context, location string, o StreamOptions) (Split, error) {
	if !strings.HasPrefix(location, "flight") || !strings.Contains(location, "://") {
		return OpenShards(location)
	}
	u, err := url.Parse(location)
	if err != nil {
		return nil, fmt.Errorf("data %q: %w", location, err)
	}
	if u.Scheme != "flight" && u.Scheme != "flight+tls" || u.Port() == "" || strings.Trim(u.Path, "/") == "" || u.User != nil {
		return nil, fmt.Errorf("data %q: must be a folder, flight://HOST:PORT/SPLIT or flight+tls://HOST:PORT/SPLIT", location)
	}
	return openFlight(ctx, u, o)
}
