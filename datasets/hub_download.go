package datasets

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// download brings one file into the store.
func (h Hub) download(ctx context.Context, repo Repository, store hubStore, file hubFile) error {
	want := file.OID
	size := file.Size
	if file.LFS != nil {
		want, size = file.LFS.OID, file.LFS.Size
	}
	if !filepath.IsLocal(filepath.FromSlash(file.Path)) || !blobName.MatchString(want) || size < 0 {
		return fmt.Errorf("hash %q and size %d: not what a hub lists", want, size)
	}
	blob := store.blob(want)
	if info, err := os.Stat(blob); err == nil && info.Size() == size {
		return store.link(file.Path, want)
	}
	if err := os.MkdirAll(filepath.Dir(blob), 0o777); err != nil {
		return err
	}
	address := h.address(repo, store.commit, file.Path)
	err := h.persist(ctx, func(ctx context.Context) error { return h.append(ctx, address, blob+".incomplete", file.Path, size) })
	if err != nil {
		return err
	}
	if err := verify(blob+".incomplete", want, size); err != nil {
		return errors.Join(err, os.Remove(blob+".incomplete"))
	}
	if err := os.Rename(blob+".incomplete", blob); err != nil {
		return err
	}
	return store.link(file.Path, want)
}

// append downloads what a file still lacks.
func (h Hub) append(ctx context.Context, address, path, name string, size int64) error {
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return &finalError{err}
	}
	defer out.Close()
	have, err := out.Seek(0, io.SeekEnd)
	if err != nil {
		return &finalError{err}
	}
	if have == size {
		return nil
	}
	if have > size {
		have = 0
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stalled := time.AfterFunc(h.stall(), cancel)
	defer stalled.Stop()
	response, err := h.get(ctx, address, have)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusPartialContent {
		have = 0
	} else if err := startsAt(response, have); err != nil {
		return &finalError{err}
	}
	if err := errors.Join(out.Truncate(have), seek(out, have)); err != nil {
		return &finalError{err}
	}
	return h.copy(out, &watched{response.Body, stalled, h.stall()}, name, have, size)
}

func (h Hub) stall() time.Duration {
	if h.Stall == 0 {
		return time.Minute
	}
	return h.Stall
}

// watched puts a deadline off whenever something arrives.
type watched struct {
	io.Reader
	deadline *time.Timer
	patience time.Duration
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	w.deadline.Reset(w.patience)
	return n, err
}

func seek(file *os.File, at int64) error {
	_, err := file.Seek(at, io.SeekStart)
	return err
}

// startsAt checks that a server sends the part that was asked for.
func startsAt(response *http.Response, at int64) error {
	var from int64
	sent := response.Header.Get("Content-Range")
	if _, err := fmt.Sscanf(sent, "bytes %d-", &from); err != nil || from != at {
		return fmt.Errorf("content range %q: asked for bytes from %d", sent, at)
	}
	return nil
}

// copy writes the body; one byte too many is a lie of the server.
func (h Hub) copy(out io.Writer, body io.Reader, name string, have, size int64) error {
	buffer := make([]byte, 256<<10)
	for {
		n, err := body.Read(buffer)
		if have += int64(n); have > size {
			return &finalError{fmt.Errorf("more than the %d bytes that the hub lists", size)}
		}
		if _, err := out.Write(buffer[:n]); err != nil {
			return &finalError{err}
		}
		if h.Progress != nil {
			h.Progress(name, have, size)
		}
		switch {
		case err == io.EOF && have < size:
			return fmt.Errorf("connection cut at byte %d of %d: %w", have, size, io.ErrUnexpectedEOF)
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("byte %d of %d: %w", have, size, err)
		}
	}
}

// verify hashes a file: git's blob hash has 40 digits, SHA-256 has 64.
func verify(path, want string, size int64) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	var sum hash.Hash = sha256.New()
	if len(want) == 40 {
		sum = sha1.New()
		io.WriteString(sum, "blob "+strconv.FormatInt(size, 10)+"\x00")
	}
	if _, err := io.Copy(sum, file); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		return fmt.Errorf("hash %s: the hub lists %s; the download was removed", got, want)
	}
	return nil
}

// get makes one request, from a byte on, and turns statuses into errors.
func (h Hub) get(ctx context.Context, address string, from int64) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, &finalError{err}
	}
	request.Header.Set("User-Agent", "ewtune")
	if h.Token != "" {
		request.Header.Set("Authorization", "Bearer "+h.Token)
	}
	if from > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
	}
	response, err := h.client().Do(request)
	if err != nil {
		return nil, err
	}
	if err := statusError(response.StatusCode, h.Token != ""); err != nil {
		response.Body.Close()
		return nil, err
	}
	return response, nil
}

// client follows redirects, without the token unless they stay at the hub: same scheme, host and port.
func (h Hub) client() *http.Client {
	client := http.Client{}
	if h.Client != nil {
		client = *h.Client
	}
	client.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		if len(via) > 10 {
			return &finalError{errors.New("more than 10 redirects")}
		}
		if first := via[0].URL; next.URL.Scheme != first.Scheme || next.URL.Host != first.Host {
			next.Header.Del("Authorization")
		}
		return nil
	}
	return &client
}

func statusError(status int, token bool) error {
	switch {
	case status == http.StatusOK || status == http.StatusPartialContent:
		return nil
	case status == http.StatusNotFound:
		return &finalError{fmt.Errorf("the hub answers 404: %w", fs.ErrNotExist)}
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		if token {
			return &finalError{fmt.Errorf("the hub answers %d: HF_TOKEN does not give access", status)}
		}
		return &finalError{fmt.Errorf("the hub answers %d: it does not exist or needs HF_TOKEN", status)}
	case status == http.StatusTooManyRequests || status >= 500:
		return fmt.Errorf("the hub answers %d", status)
	default:
		return &finalError{fmt.Errorf("the hub answers %d", status)}
	}
}

// finalError is an error that another try cannot mend.
type finalError struct{ error }

func (e *finalError) Unwrap() error { return e.error }

// persist repeats try after errors of the connection, with pauses that double from a quarter second.
func (h Hub) persist(ctx context.Context, try func(context.Context) error) error {
	retries := withDefault(h.Retries, 5)
	for attempt := 0; ; attempt++ {
		err := try(ctx)
		var final *finalError
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &final):
			return final.error
		case attempt == retries:
			return fmt.Errorf("after %d tries: %w", attempt+1, err)
		}
		select {
		case <-time.After(250 * time.Millisecond << attempt):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
