package pipeline

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzParseManifest requires that what is accepted is written back to the same description.
func FuzzParseManifest(f *testing.F) {
	data, err := os.ReadFile(filepath.Join(prepared(f, "sst2", 1100), ManifestFile))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"schema":"ewtune.shards/v1"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ParseManifest(data)
		if err != nil {
			return
		}
		encoded, err := m.encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseManifest(encoded)
		if err != nil || again.Rows != m.Rows || len(again.Shards) != len(m.Shards) {
			t.Fatalf("%+v became %+v, %v", m, again, err)
		}
	})
}
