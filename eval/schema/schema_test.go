package schema_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/ewtune/ewtune/eval"
	"github.com/ewtune/ewtune/eval/fixture"
	"github.com/ewtune/ewtune/eval/schema"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update", false, "write the schemas again")

var published = []struct {
	file  string
	title string
	id    string
	kind  reflect.Type
	text  []byte
}{
	{"report.schema.json", "report.json", eval.ReportSchema, reflect.TypeFor[eval.Report](), schema.Report},
	{"run.schema.json", "run.json", eval.RunSchema, reflect.TypeFor[eval.Run](), schema.Run},
	{"predictions-header.schema.json", "first line of predictions", eval.PredictionsSchema, reflect.TypeFor[eval.PredictionsHeader](), schema.PredictionsHeader},
	{"prediction.schema.json", "row of predictions", "", reflect.TypeFor[eval.Prediction](), schema.Prediction},
}

// The published schemas are what the types say.
func TestSchemasAreUpToDate(t *testing.T) {
	g := &generator{comments: comments(t)}
	for _, p := range published {
		text := g.document(t, p.title, p.id, p.kind)
		if *update {
			if err := os.WriteFile(p.file, text, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if !bytes.Equal(text, p.text) {
			t.Errorf("%s is out of date: go test ./eval/schema -update", p.file)
		}
	}
}

// Everything that the package writes is valid, and a report without its runs or with a wrong type is not.
func TestFilesAreValid(t *testing.T) {
	if *update {
		return // the schemas inside this binary are the old ones
	}
	folder := fixture.Folder(fixture.Options{Rows: 50, Steps: 1})
	report, err := eval.Build(folder)
	if err != nil {
		t.Fatal(err)
	}
	text, err := report.JSON()
	if err != nil {
		t.Fatal(err)
	}
	validate(t, schema.Report, text, true)
	validate(t, schema.Run, folder["sst2-certified-0/run.json"].Data, true)
	lines := bytes.SplitAfter(folder["sst2-certified-0/predictions.dev.jsonl"].Data, []byte("\n"))
	validate(t, schema.PredictionsHeader, lines[0], true)
	validate(t, schema.Prediction, lines[1], true)

	validate(t, schema.Report, bytes.Replace(text, []byte(`"runs"`), []byte(`"ruins"`), 1), false)
	validate(t, schema.Report, bytes.Replace(text, []byte(`"rows": 50`), []byte(`"rows": "50"`), 1), false)
	validate(t, schema.Report, bytes.Replace(text, []byte(eval.ReportSchema), []byte("ewtune.eval/v2"), 1), false)
}

func validate(t *testing.T, schemaText, text []byte, valid bool) {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemaText))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("s.json", document); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("s.json")
	if err != nil {
		t.Fatal(err)
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(instance); (err == nil) != valid {
		t.Errorf("valid = %v, want %v: %v", err == nil, valid, err)
	}
}

// generator turns Go types into schemas. Named structs become definitions.
type generator struct {
	comments    map[string]string // "Type.Field" and "Type"
	definitions map[string]any
}

func (g *generator) document(t *testing.T, title, id string, kind reflect.Type) []byte {
	g.definitions = map[string]any{}
	root := g.object(kind)
	root["$schema"], root["title"] = "https://json-schema.org/draft/2020-12/schema", title
	if id != "" {
		root["properties"].(map[string]any)["schema"] = map[string]any{"const": id}
	}
	if len(g.definitions) > 0 {
		root["$defs"] = g.definitions
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(root); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (g *generator) of(kind reflect.Type) map[string]any {
	switch kind.Kind() {
	case reflect.Pointer:
		return g.of(kind.Elem())
	case reflect.Struct:
		if _, known := g.definitions[kind.Name()]; !known {
			g.definitions[kind.Name()] = nil // breaks cycles
			g.definitions[kind.Name()] = g.object(kind)
		}
		return map[string]any{"$ref": "#/$defs/" + kind.Name()}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": g.of(kind.Elem())}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	}
	return map[string]any{"type": "integer"}
}

func (g *generator) object(kind reflect.Type) map[string]any {
	properties, required := map[string]any{}, []string{}
	for _, field := range reflect.VisibleFields(kind) {
		name, options, tagged := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" || !field.IsExported() || field.Anonymous {
			continue
		}
		property := g.of(field.Type)
		if text := g.comments[kind.Name()+"."+field.Name]; text != "" {
			property["description"] = text
		}
		properties[name] = property
		if !tagged || !strings.Contains(options, "omitempty") {
			required = append(required, name)
		}
	}
	object := map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
	if text := g.comments[kind.Name()]; text != "" {
		object["description"] = text
	}
	return object
}

// comments reads the comments of the types and their fields from the source.
func comments(t *testing.T) map[string]string {
	all := map[string]string{}
	for _, folder := range []string{"..", "../../accountant"} {
		files, err := filepath.Glob(folder + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(n ast.Node) bool { return collect(all, n) })
		}
	}
	return all
}

func collect(all map[string]string, n ast.Node) bool {
	declaration, ok := n.(*ast.GenDecl)
	if !ok {
		return true
	}
	for _, s := range declaration.Specs {
		spec, ok := s.(*ast.TypeSpec)
		if !ok {
			continue
		}
		structure, ok := spec.Type.(*ast.StructType)
		if !ok {
			continue
		}
		all[spec.Name.Name] = strings.TrimSpace(strings.ReplaceAll(declaration.Doc.Text(), "\n", " "))
		for _, field := range structure.Fields.List {
			for _, name := range field.Names {
				all[spec.Name.Name+"."+name.Name] = strings.TrimSpace(field.Comment.Text())
			}
		}
	}
	return false
}
