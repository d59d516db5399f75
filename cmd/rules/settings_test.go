package rules

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"european-pay.eu/eupay/services/einvoice"
	"european-pay.eu/eupay/services/gateway"
	"european-pay.eu/eupay/services/payments"
	"european-pay.eu/eupay/services/portal"
	"european-pay.eu/eupay/services/qr"
	"european-pay.eu/eupay/services/webhooks"
)

var update = flag.Bool("update", false, "write the documents that are generated")

const (
	settingsPage = "../../docs/settings.md"
	module       = "european-pay.eu/eupay/"
)

var configs = map[string]reflect.Type{
	"einvoice": reflect.TypeFor[einvoice.Config](), "gateway": reflect.TypeFor[gateway.Config](), "payments": reflect.TypeFor[payments.Config](),
	"portal": reflect.TypeFor[portal.Config](), "qr": reflect.TypeFor[qr.Config](), "webhooks": reflect.TypeFor[webhooks.Config](),
}

// setting is one line of the page: settings that share a comment in the source share a line.
type setting struct{ names, defaults, meaning string }

// TestEverySettingIsDocumented: docs/settings.md says what the structs say from which the services read their settings, and nothing else.
func TestEverySettingIsDocumented(t *testing.T) {
	t.Parallel()
	of := map[string][]setting{}
	count := map[setting]int{}
	for service, config := range configs {
		of[service] = settingsOf(t, config, "")
		for _, s := range of[service] {
			count[s]++
		}
	}
	page := settingsIntro + table(slices.DeleteFunc(slices.Clone(of["gateway"]), func(s setting) bool { return count[s] < len(configs)-1 }))
	for _, service := range slices.Sorted(maps.Keys(of)) {
		own := slices.DeleteFunc(of[service], func(s setting) bool { return count[s] >= len(configs)-1 })
		page += fmt.Sprintf("\n## %s\n\n", service) + table(own)
	}
	if *update {
		if err := os.WriteFile(settingsPage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(settingsPage); err != nil || string(got) != page {
		t.Errorf("docs/settings.md is not what the settings say: go test ./cmd/rules -run Setting -update (%v)", err)
	}
}

const settingsIntro = `# Settings

Every setting of every service, as the services read them. They are environment variables. Instead of ` + "`NAME`, `NAME_FILE`" + ` may name a file
that holds the value, so that secrets can be mounted. A service refuses to start with a setting that is missing or wrong and names all of
them together; ` + "`payments check-config`" + `, and so on, checks them without starting. A change takes effect when the service starts again, except the
files of an identity, which may be replaced at any time. This page is generated from the source.

## Every service

The portal has the database's, the log's and the stop's of these.

`

func table(list []setting) string {
	var b strings.Builder
	b.WriteString("| setting | default | |\n|---|---|---|\n")
	for _, s := range list {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", s.names, s.defaults, s.meaning)
	}
	return b.String()
}

// settingsOf returns the settings of a struct and of those in it, in the order of the source.
func settingsOf(t *testing.T, config reflect.Type, prefix string) (list []setting) {
	t.Helper()
	comments, names := commentsOf(t, config), map[string]string{}
	for f := range config.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("env"), ","); name != "" {
			names[f.Name] = prefix + name
		}
	}
	own := false // whether the last line is of a field of this struct
	for f := range config.Fields() {
		name, isSetting := names[f.Name]
		switch {
		case isSetting && comments[f.Name] == "" && own:
			last := &list[len(list)-1]
			last.names += ", " + code(name)
			last.defaults += ", " + defaultOf(f)
		case isSetting:
			if comments[f.Name] == "" {
				t.Errorf("%s has no comment that says what it means", name)
			}
			list, own = append(list, setting{code(name), defaultOf(f), meaning(comments[f.Name], name, names)}), true
		case f.Type.Kind() == reflect.Struct && strings.HasPrefix(f.Type.PkgPath(), module):
			list = append(list, settingsOf(t, f.Type, prefix+f.Tag.Get("envPrefix"))...)
			own = false
		}
	}
	return list
}

func code(s string) string { return "`" + s + "`" }

func defaultOf(f reflect.StructField) string {
	if strings.HasSuffix(f.Tag.Get("env"), ",required") {
		return "required"
	}
	value := f.Tag.Get("envDefault")
	if value == "" {
		return "–"
	}
	return code(value)
}

var goName = regexp.MustCompile(`\b[A-Z][A-Za-z0-9]+\b`)

// meaning returns a comment with the names of settings for those of fields. What it says of the setting's own name is left out.
func meaning(comment, of string, names map[string]string) string {
	text := goName.ReplaceAllStringFunc(strings.Join(strings.Fields(comment), " "), func(word string) string {
		if name, ok := names[word]; ok {
			return code(name)
		}
		return word
	})
	for _, verb := range []string{" is ", " are ", " "} {
		if rest, ok := strings.CutPrefix(text, code(of)+verb); ok && !strings.HasPrefix(rest, "and ") {
			text = rest
			break
		}
	}
	return strings.ReplaceAll(text, "|", `\|`)
}

// commentsOf returns the comment over each field of a struct.
func commentsOf(t *testing.T, config reflect.Type) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("../../" + strings.TrimPrefix(config.PkgPath(), module) + "/*.go")
	if err != nil || len(paths) == 0 {
		t.Fatalf("the source of %s is not there: %v", config, err)
	}
	comments := map[string]string{}
	for _, path := range paths {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(node ast.Node) bool {
			g, ok := node.(*ast.GenDecl)
			if !ok || len(g.Specs) == 0 {
				return true
			}
			spec, ok := g.Specs[0].(*ast.TypeSpec)
			if !ok || spec.Name.Name != config.Name() {
				return true
			}
			for _, field := range spec.Type.(*ast.StructType).Fields.List {
				for _, name := range field.Names {
					comments[name.Name] = field.Doc.Text()
				}
			}
			return false
		})
	}
	return comments
}
