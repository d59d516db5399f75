package rules

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const services = "../../services"

// sources parses the files of the services, except tests and test packages, by their path below services.
func sources(t *testing.T) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	err := filepath.WalkDir(services, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(filepath.Dir(path), "test") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(services, path)
		files[filepath.ToSlash(name)] = f
		return err
	})
	if err != nil || len(files) < 100 {
		t.Fatalf("%d files were read: %v", len(files), err)
	}
	return files
}

// statement matches the start of SQL. Sentences begin with a capital letter.
var statement = regexp.MustCompile(`^\s*(select|insert into|update \w+( as)?( \w+)? set|delete from|truncate|with (recursive )?\w+( \([^)]*\))? as)\s`)

// statements counts the SQL literals in a file.
func statements(f *ast.File) (n int) {
	ast.Inspect(f, func(node ast.Node) bool {
		if text, ok := node.(*ast.BasicLit); ok && text.Kind == token.STRING {
			if s, err := strconv.Unquote(text.Value); err == nil && statement.MatchString(s) {
				n++
			}
		}
		return true
	})
	return n
}

// clocks counts the uses of the machine's clock in a file.
func clocks(f *ast.File) (n int) {
	ast.Inspect(f, func(node ast.Node) bool {
		if s, ok := node.(*ast.SelectorExpr); ok {
			pkg, _ := s.X.(*ast.Ident)
			if pkg != nil && pkg.Name == "time" && (s.Sel.Name == "Now" || s.Sel.Name == "Since" || s.Sel.Name == "Until") {
				n++
			}
		}
		return true
	})
	return n
}

// SQL is in files that are named for it, so that all statements on a table are easy to find when it changes.
func TestSQLStandsInStores(t *testing.T) {
	t.Parallel()
	files := sources(t)
	for name, f := range files {
		if n := statements(f); n > elsewhere[name] && !strings.HasPrefix(filepath.Base(name), "store_") {
			t.Errorf("%s has %d SQL statements, %d more than it may: they belong into a file store_….go", name, n, n-elsewhere[name])
		}
	}
	for name, most := range elsewhere {
		if f := files[name]; f == nil || statements(f) < most {
			t.Errorf("%s has fewer than %d SQL statements, or is gone: lower its number in exceptions_test.go", name, most)
		}
	}
}

// Time is injected, so that tests control it.
func TestTimeIsInjected(t *testing.T) {
	t.Parallel()
	files := sources(t)
	for name, f := range files {
		if clocks(f) > 0 && machineTime[name] == "" {
			t.Errorf("%s looks at the machine's clock: take a Now func() time.Time, or say in exceptions_test.go why not", name)
		}
	}
	for name := range machineTime {
		if f := files[name]; f == nil || clocks(f) == 0 {
			t.Errorf("%s does not look at the clock, or is gone: remove it from exceptions_test.go", name)
		}
	}
}

func TestTheRulesDetectViolations(t *testing.T) {
	t.Parallel()
	f, err := parser.ParseFile(token.NewFileSet(), "x.go", `package x
		var a = "select 1 from t"
		var b = `+"`\n\tinsert into t (a) values ($1)`"+`
		var c = "update t as u set a = 1" + "With an id the request can be repeated." + "select" + "updated"
		var d = "with due as (select 1) delete from t"
		func now() { _, _, _ = time.Now(), time.Since(x), later.Now() }`, 0)
	if err != nil {
		t.Fatal(err)
	}
	if statements(f) != 4 || clocks(f) != 2 {
		t.Errorf("%d statements and %d looks at the clock", statements(f), clocks(f))
	}
}
