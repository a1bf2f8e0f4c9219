package datasets

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Hub downloads files of public repositories by the Hugging Face hub's protocol, into the cache layout that the hub's own
// tools use, so that what they downloaded is found and what we download they find.
type Hub struct {
	Endpoint string                               // "https://huggingface.co"
	Token    string                               // sent to Endpoint only, never to where it redirects
	Cache    string                               // folder of models--OWNER--NAME and datasets--OWNER--NAME
	Client   *http.Client                         // nil is one without options
	Retries  int                                  // after a cut connection or a busy server; each goes on where the last ended; 0 is 5
	Stall    time.Duration                        // without a byte, until a connection counts as cut; 0 is a minute
	Progress func(path string, done, total int64) // bytes; may be nil
}

// HubFromEnvironment reads HF_ENDPOINT, HF_TOKEN, HF_HOME (or XDG_CACHE_HOME, HOME) through getenv.
func HubFromEnvironment(getenv func(string) string) Hub {
	first := func(values ...string) string {
		for _, v := range values {
			if v != "" {
				return v
			}
		}
		return ""
	}
	home := getenv("HF_HOME")
	if home == "" {
		home = filepath.Join(first(getenv("XDG_CACHE_HOME"), filepath.Join(getenv("HOME"), ".cache")), "huggingface")
	}
	return Hub{
		Endpoint: strings.TrimRight(first(getenv("HF_ENDPOINT"), "https://huggingface.co"), "/"),
		Token:    getenv("HF_TOKEN"), Cache: filepath.Join(home, "hub"),
	}
}

// Repository is a repository of the hub at a revision.
type Repository struct {
	Kind     string // "models" or "datasets"
	Name     string // "OWNER/NAME", or "NAME"
	Revision string // branch, tag or commit; "main" if empty
}

// GLUERepository holds GLUE as Parquet.
var GLUERepository = Repository{Kind: "datasets", Name: "nyu-mll/glue"}

// ModelFiles reports whether a file of a model repository is one that this project reads.
func ModelFiles(path string) bool {
	switch path {
	case "config.json", "model.safetensors", "vocab.txt", "vocab.json", "merges.txt", "tokenizer.json", "tokenizer_config.json":
		return true
	}
	return false
}

// TaskFiles reports whether a file of GLUERepository belongs to the task.
func TaskFiles(task Task) func(path string) bool {
	return func(path string) bool {
		return strings.HasPrefix(path, task.Name+"/") && strings.HasSuffix(path, ".parquet")
	}
}

// hubFile is a file of a repository as its tree lists it.
type hubFile struct {
	Type string `json:"type"`
	Path string `json:"path"`
	Size int64  `json:"size"`
	OID  string `json:"oid"` // git's blob hash
	LFS  *struct {
		OID  string `json:"oid"` // SHA-256
		Size int64  `json:"size"`
	} `json:"lfs"`
}

// Fetch downloads the wanted files of a repository and verifies each: by SHA-256 where the hub has one (large files), by
// git's hash otherwise. A file that is there is not fetched again; one that was cut off is continued. It returns the
// snapshot's folder.
func (h Hub) Fetch(ctx context.Context, repo Repository, want func(path string) bool) (string, error) {
	if repo.Revision == "" {
		repo.Revision = "main"
	}
	if err := repo.check(); err != nil {
		return "", err
	}
	commit, err := h.commit(ctx, repo)
	if err != nil {
		return "", err
	}
	files, err := h.tree(ctx, repo, commit)
	if err != nil {
		return "", err
	}
	store := hubStore{root: filepath.Join(h.Cache, repo.Kind+"--"+strings.ReplaceAll(repo.Name, "/", "--")), commit: commit}
	found := false
	for _, file := range files {
		if file.Type != "file" || !want(file.Path) {
			continue
		}
		found = true
		if err := h.download(ctx, repo, store, file); err != nil {
			return "", fmt.Errorf("%s: %s: %w", repo.Name, file.Path, err)
		}
	}
	if !found {
		return "", fmt.Errorf("%s: holds none of the wanted files: %w", repo.Name, fs.ErrNotExist)
	}
	return store.snapshot(), store.setRevision(repo.Revision)
}

var (
	repositoryName = regexp.MustCompile(`^[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?$`)
	revisionName   = regexp.MustCompile(`^[A-Za-z0-9][\w./-]*$`)
	commitName     = regexp.MustCompile(`^[0-9a-f]{40}$`)
	blobName       = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
)

func (r Repository) check() error {
	switch {
	case r.Kind != "models" && r.Kind != "datasets":
		return fmt.Errorf("kind %q: must be models or datasets", r.Kind)
	case !repositoryName.MatchString(r.Name):
		return fmt.Errorf("repository %q: must be OWNER/NAME", r.Name)
	case !revisionName.MatchString(r.Revision) || strings.Contains(r.Revision, ".."):
		return fmt.Errorf("revision %q: must be a branch, tag or commit", r.Revision)
	}
	return nil
}

// commit resolves a revision.
func (h Hub) commit(ctx context.Context, repo Repository) (string, error) {
	var info struct {
		SHA string `json:"sha"`
	}
	_, err := h.json(ctx, fmt.Sprintf("%s/api/%s/%s/revision/%s", h.Endpoint, repo.Kind, repo.Name, url.PathEscape(repo.Revision)), &info)
	if err != nil {
		return "", fmt.Errorf("%s: %w", repo.Name, err)
	}
	if !commitName.MatchString(info.SHA) {
		return "", fmt.Errorf("%s: commit %q: must be 40 hexadecimal digits", repo.Name, info.SHA)
	}
	return info.SHA, nil
}

// tree lists all files, page by page.
func (h Hub) tree(ctx context.Context, repo Repository, commit string) ([]hubFile, error) {
	var all []hubFile
	next := fmt.Sprintf("%s/api/%s/%s/tree/%s?recursive=true", h.Endpoint, repo.Kind, repo.Name, commit)
	for next != "" {
		var page []hubFile
		header, err := h.json(ctx, next, &page)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", repo.Name, err)
		}
		all = append(all, page...)
		next = nextPage(header.Get("Link"))
		if next != "" && !strings.HasPrefix(next, h.Endpoint+"/") {
			return nil, fmt.Errorf("%s: next page %s: must be at %s", repo.Name, next, h.Endpoint)
		}
	}
	return all, nil
}

var linkNext = regexp.MustCompile(`<([^>]+)>;\s*rel="next"`)

func nextPage(link string) string {
	if m := linkNext.FindStringSubmatch(link); m != nil {
		return m[1]
	}
	return ""
}

// json gets one answer of the hub's API.
func (h Hub) json(ctx context.Context, address string, into any) (header http.Header, err error) {
	err = h.persist(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, h.stall())
		defer cancel()
		response, err := h.get(ctx, address, 0)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		header = response.Header
		err = json.NewDecoder(response.Body).Decode(into)
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return &finalError{fmt.Errorf("%s: not an answer of a hub: %w", address, err)}
		}
		return err
	})
	return header, err
}

// address is where a file is downloaded.
func (h Hub) address(repo Repository, commit, path string) string {
	prefix := ""
	if repo.Kind == "datasets" {
		prefix = "datasets/"
	}
	return fmt.Sprintf("%s/%s%s/resolve/%s/%s", h.Endpoint, prefix, repo.Name, commit, (&url.URL{Path: path}).EscapedPath())
}

// hubStore is the cache of one repository at one commit: blobs by hash, and a snapshot of links to them.
type hubStore struct{ root, commit string }

func (s hubStore) snapshot() string        { return filepath.Join(s.root, "snapshots", s.commit) }
func (s hubStore) blob(hash string) string { return filepath.Join(s.root, "blobs", hash) }

// link makes a blob appear in the snapshot.
func (s hubStore) link(path, hash string) error {
	at := filepath.Join(s.snapshot(), filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(at), 0o777); err != nil {
		return err
	}
	target, err := filepath.Rel(filepath.Dir(at), s.blob(hash))
	if err != nil {
		return err
	}
	if old, err := os.Readlink(at); err == nil && old == target {
		return nil
	}
	if err := os.Remove(at); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Symlink(target, at)
}

// setRevision remembers which commit a branch or tag stood for.
func (s hubStore) setRevision(revision string) error {
	if revision == s.commit {
		return nil
	}
	at := filepath.Join(s.root, "refs", filepath.FromSlash(revision))
	if err := os.MkdirAll(filepath.Dir(at), 0o777); err != nil {
		return err
	}
	if err := os.WriteFile(at+".partial", []byte(s.commit), 0o666); err != nil {
		return err
	}
	return os.Rename(at+".partial", at)
}
