package datasets

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const fakeCommit = "0123456789abcdef0123456789abcdef01234567"

// fakeHub speaks the hub's protocol for one repository. Large files are redirected to a second server, as the real hub
// does, which must not see the token. Its fields choose how it misbehaves.
type fakeHub struct {
	files    map[string][]byte // path to content; those above 64 bytes are LFS files
	token    string            // needed if not empty
	cuts     int               // so many downloads end in the middle
	busy     int               // so many requests are answered 503
	lies     bool              // content differs from the listed hash
	longer   bool              // more bytes than listed
	noRanges bool              // every download starts at byte 0
	stalls   int               // so many downloads hang in the middle
	evil     string            // one more path in the tree
	models   bool              // it is a repository of models, whose addresses lack the kind

	mu       *sync.Mutex
	requests []string // of the second server: range header and path
	hub, cdn *httptest.Server
	ended    chan struct{}
}

func (f *fakeHub) start(t *testing.T) Hub {
	t.Helper()
	f.mu, f.ended = new(sync.Mutex), make(chan struct{})
	f.cdn = httptest.NewServer(http.HandlerFunc(f.serveContent))
	f.hub = httptest.NewServer(http.HandlerFunc(f.serveHub))
	t.Cleanup(func() { close(f.ended); f.hub.Close(); f.cdn.Close() })
	return HubFromEnvironment(func(name string) string {
		return map[string]string{"HF_ENDPOINT": f.hub.URL + "/", "HF_HOME": t.TempDir()}[name]
	})
}

func (f *fakeHub) serveHub(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.busy--
	busy := f.busy >= 0
	f.mu.Unlock()
	if busy {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if f.token != "" && r.Header.Get("Authorization") != "Bearer "+f.token {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	base, resolve, path := "/api/datasets/owner/name/", "/datasets/owner/name/resolve/"+fakeCommit+"/", r.URL.Path
	if f.models {
		base, resolve = "/api/models/owner/name/", "/owner/name/resolve/"+fakeCommit+"/"
	}
	switch {
	case path == base+"revision/main":
		json.NewEncoder(w).Encode(map[string]string{"sha": fakeCommit})
	case path == base+"tree/"+fakeCommit:
		f.serveTree(w, r)
	case strings.HasPrefix(path, resolve):
		name := strings.TrimPrefix(path, resolve)
		if len(f.files[name]) > 64 {
			http.Redirect(w, r, f.cdn.URL+"/"+name, http.StatusFound)
			return
		}
		w.Write(f.files[name])
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// serveTree lists the files on two pages.
func (f *fakeHub) serveTree(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("cursor") == "" {
		w.Header().Set("Link", fmt.Sprintf(`<%s%s?cursor=2>; rel="next"`, f.hub.URL, r.URL.Path))
		fmt.Fprint(w, `[{"type":"directory","path":"sub","oid":"","size":0}]`)
		return
	}
	var list []map[string]any
	for path, content := range f.files {
		list = append(list, listed(path, content))
	}
	if f.evil != "" {
		list = append(list, listed(f.evil, []byte("x")))
	}
	json.NewEncoder(w).Encode(list)
}

func listed(path string, content []byte) map[string]any {
	blob := sha1.Sum(append([]byte(fmt.Sprintf("blob %d\x00", len(content))), content...))
	entry := map[string]any{"type": "file", "path": path, "size": len(content), "oid": hex.EncodeToString(blob[:])}
	if len(content) > 64 {
		sum := sha256.Sum256(content)
		entry["lfs"] = map[string]any{"oid": hex.EncodeToString(sum[:]), "size": len(content)}
	}
	return entry
}

func (f *fakeHub) serveContent(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, r.Header.Get("Range")+r.URL.Path)
	if r.Header.Get("Authorization") != "" {
		w.WriteHeader(http.StatusTeapot)
		return
	}
	content := bytes.Clone(f.files[r.URL.Path[1:]])
	if f.lies {
		content[len(content)-1]++
	}
	if f.longer {
		content = append(content, '!')
	}
	if f.noRanges {
		r.Header.Del("Range")
	}
	if f.cuts--; f.cuts >= 0 {
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		w.Write(content[:len(content)/2])
		panic(http.ErrAbortHandler)
	}
	if f.stalls--; f.stalls >= 0 {
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		w.Write(content[:len(content)/2])
		w.(http.Flusher).Flush()
		f.mu.Unlock()
		select {
		case <-r.Context().Done():
		case <-f.ended:
		}
		f.mu.Lock()
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

func hubFiles() map[string][]byte {
	return map[string][]byte{
		"sst2/train-00000-of-00001.parquet": bytes.Repeat([]byte("large "), 50000),
		"sst2/small.parquet":                []byte("small"),
		"qnli/other.parquet":                []byte("not wanted"),
		"README.md":                         []byte("not wanted"),
	}
}

var fakeRepository = Repository{Kind: "datasets", Name: "owner/name"}

// TestHubFetch downloads through every kind of trouble that ends well and compares the bytes.
func TestHubFetch(t *testing.T) {
	for _, c := range []struct {
		name     string
		f        fakeHub
		token    string
		requests []string // of the large file
	}{
		{"plain", fakeHub{}, "", []string{""}},
		{"token", fakeHub{token: "hf_x"}, "hf_x", []string{""}},
		{"cut once", fakeHub{cuts: 1}, "", []string{"", "bytes=150000-"}},
		{"cut, and no ranges", fakeHub{cuts: 1, noRanges: true}, "", []string{"", "bytes=150000-"}},
		{"stalled", fakeHub{stalls: 1}, "", []string{"", "bytes=150000-"}},
		{"busy", fakeHub{busy: 2}, "", []string{""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &c.f
			f.files = hubFiles()
			hub := f.start(t)
			hub.Token, hub.Stall = c.token, 300*time.Millisecond
			dir, err := hub.Fetch(t.Context(), fakeRepository, TaskFiles(sst2()))
			if err != nil {
				t.Fatal(err)
			}
			compareFolder(t, dir, f.files)
			for i, want := range c.requests {
				c.requests[i] = want + "/sst2/train-00000-of-00001.parquet"
			}
			if got := fmt.Sprint(f.requests); got != fmt.Sprint(c.requests) {
				t.Errorf("requests %v, want %v", got, c.requests)
			}
			if _, err := hub.Fetch(t.Context(), fakeRepository, TaskFiles(sst2())); err != nil || len(f.requests) != len(c.requests) {
				t.Errorf("a second fetch: %v, %d requests; want none more", err, len(f.requests))
			}
			ref, err := os.ReadFile(filepath.Join(hub.Cache, "datasets--owner--name", "refs", "main"))
			if err != nil || string(ref) != fakeCommit {
				t.Errorf("refs/main: %q, %v", ref, err)
			}
		})
	}
}

// compareFolder requires the files of sst2 and no other.
func compareFolder(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for path, want := range files {
		got, err := os.ReadFile(filepath.Join(dir, path))
		if wanted := strings.HasPrefix(path, "sst2/"); wanted && !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v; want %d", path, len(got), err, len(want))
		} else if !wanted && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s was fetched", path)
		}
	}
}

// TestHubFetchesModels wants of a model repository what is needed to load it, and no other file.
func TestHubFetchesModels(t *testing.T) {
	wanted := []string{"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt", "vocab.json", "merges.txt"}
	f := &fakeHub{models: true, files: map[string][]byte{"pytorch_model.bin": []byte("pickle"), "onnx/model.onnx": []byte("graph"), "README.md": []byte("text")}}
	for _, name := range wanted {
		f.files[name] = bytes.Repeat([]byte(name+" "), 100)
	}
	hub := f.start(t)
	dir, err := hub.Fetch(t.Context(), Repository{Kind: "models", Name: "owner/name"}, ModelFiles)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range wanted {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, f.files[name]) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	for _, name := range []string{"pytorch_model.bin", "onnx", "README.md"} {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s was fetched (%v)", name, err)
		}
	}
}

// TestHubContinuesAnEarlierRun requires that what a killed run left is not fetched again.
func TestHubContinuesAnEarlierRun(t *testing.T) {
	f := &fakeHub{files: hubFiles()}
	hub := f.start(t)
	content := f.files["sst2/train-00000-of-00001.parquet"]
	sum := sha256.Sum256(content)
	write(t, filepath.Join(hub.Cache, "datasets--owner--name", "blobs", hex.EncodeToString(sum[:])+".incomplete"), string(content[:1000]))
	dir, err := hub.Fetch(t.Context(), fakeRepository, TaskFiles(sst2()))
	if err != nil {
		t.Fatal(err)
	}
	compareFolder(t, dir, f.files)
	if len(f.requests) != 1 || !strings.HasPrefix(f.requests[0], "bytes=1000-") {
		t.Errorf("requests %v, want one from byte 1000", f.requests)
	}
}

// TestHubRefuses lists the trouble that no retry mends, and what the error must say.
func TestHubRefuses(t *testing.T) {
	for _, c := range []struct {
		name, want string
		f          fakeHub
		repo       Repository
		token      string
	}{
		{"no token", "needs HF_TOKEN", fakeHub{token: "hf_x"}, fakeRepository, ""},
		{"wrong token", "HF_TOKEN does not give access", fakeHub{token: "hf_x"}, fakeRepository, "hf_y"},
		{"no repository", "404", fakeHub{}, Repository{Kind: "datasets", Name: "owner/none"}, ""},
		{"no revision", "404", fakeHub{}, Repository{Kind: "datasets", Name: "owner/name", Revision: "v9"}, ""},
		{"wrong hash", "the download was removed", fakeHub{lies: true}, fakeRepository, ""},
		{"too long", "more than the 300000 bytes", fakeHub{longer: true}, fakeRepository, ""},
		{"cut again and again", "after 2 tries: byte 150000 of 300000", fakeHub{cuts: 9, noRanges: true}, fakeRepository, ""},
		{"busy for ever", "after 2 tries: the hub answers 503", fakeHub{busy: 99}, fakeRepository, ""},
		{"path outside", "not what a hub lists", fakeHub{evil: "sst2/../../../x.parquet"}, fakeRepository, ""},
		{"name", "must be OWNER/NAME", fakeHub{}, Repository{Kind: "datasets", Name: "../x"}, ""},
		{"kind", "must be models or datasets", fakeHub{}, Repository{Kind: "spaces", Name: "x"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &c.f
			f.files = hubFiles()
			hub := f.start(t)
			hub.Token, hub.Retries = c.token, 1
			_, err := hub.Fetch(t.Context(), c.repo, TaskFiles(sst2()))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
			if c.token != "" && strings.Contains(fmt.Sprint(err), c.token) {
				t.Errorf("the error shows the token: %v", err)
			}
		})
	}
}

// TestHubCancel requires that a fetch ends with its context, between tries too.
func TestHubCancel(t *testing.T) {
	f := &fakeHub{files: hubFiles(), busy: 1 << 20}
	hub := f.start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := hub.Fetch(ctx, fakeRepository, TaskFiles(sst2())); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want context.DeadlineExceeded", err)
	}
}

// TestHubEnvironment lists how the environment chooses endpoint and cache.
func TestHubEnvironment(t *testing.T) {
	for _, c := range []struct {
		env             map[string]string
		endpoint, cache string
	}{
		{map[string]string{"HOME": "/h"}, "https://huggingface.co", "/h/.cache/huggingface/hub"},
		{map[string]string{"HOME": "/h", "XDG_CACHE_HOME": "/c"}, "https://huggingface.co", "/c/huggingface/hub"},
		{map[string]string{"HOME": "/h", "HF_HOME": "/hf", "HF_ENDPOINT": "http://mirror/"}, "http://mirror", "/hf/hub"},
	} {
		hub := HubFromEnvironment(func(name string) string { return c.env[name] })
		if hub.Endpoint != c.endpoint || hub.Cache != filepath.FromSlash(c.cache) {
			t.Errorf("%v: %s, %s; want %s, %s", c.env, hub.Endpoint, hub.Cache, c.endpoint, c.cache)
		}
	}
}
