package errs

import (
	"bytes"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/messages.txt")

// TestMessagesAreReadAsAWhole compares every sentence that a caller of the API may see with testdata/messages.txt, so that a new or
// changed one shows in review. After a change run it with -update, and read the file for consistent terms and forms.
func TestMessagesAreReadAsAWhole(t *testing.T) {
	c := newCollector(t, "../../internal", "../../services")
	got := []byte(strings.Join(c.messages(), "\n") + "\n")
	golden := filepath.Join("testdata", "messages.txt")
	if *update {
		if err := os.WriteFile(golden, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	report(t, "new or changed", got, want)
	report(t, "gone", want, got)
	t.Error("run this test with -update, and read the change of testdata/messages.txt")
}

// report logs the lines of one text that another one lacks.
func report(t *testing.T, what string, of, other []byte) {
	t.Helper()
	known := strings.Split(string(other), "\n")
	for line := range strings.SplitSeq(string(of), "\n") {
		if !slices.Contains(known, line) {
			t.Logf("%s: %s", what, line)
		}
	}
}

// constructor is a function that makes a message from one of its parameters. Exported ones have no package: they count everywhere.
type constructor struct{ pkg, name string }

// source is a parsed file and the folder of its package. Folders are compared but not listed, so files may move.
type source struct {
	pkg  string
	file *ast.File
}

type collector struct {
	sources      []source
	constants    map[constructor]string
	constructors map[constructor]int
	found        map[string]bool
}

func newCollector(t *testing.T, roots ...string) *collector {
	t.Helper()
	c := &collector{constants: make(map[constructor]string), constructors: map[constructor]int{{"", "New"}: 1}, found: make(map[string]bool)}
	for _, root := range roots {
		if err := filepath.WalkDir(root, c.parse); err != nil {
			t.Fatal(err)
		}
	}
	for c.findConstructors() { // until there is no new one
	}
	return c
}

func (c *collector) parse(path string, entry fs.DirEntry, err error) error {
	if err == nil && entry.IsDir() && entry.Name() == "portal" {
		return filepath.SkipDir // its phrases are in catalogs
	}
	if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
		return err
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		return err
	}
	s := source{filepath.Dir(path), file}
	c.sources = append(c.sources, s)
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && len(v.Names) == len(v.Values) {
			for i, name := range v.Names {
				if text, literal := c.text(s, v.Values[i]); literal {
					c.constants[constructor{s.pkg, name.Name}] = text
				}
			}
		}
		return true
	})
	return nil
}

// findConstructors records the functions that pass a parameter to a known constructor, and reports whether there was a new one.
func (c *collector) findConstructors() (more bool) {
	for _, s := range c.sources {
		for _, d := range s.file.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			key := constructor{s.pkg, fn.Name.Name}
			if fn.Name.IsExported() {
				key.pkg = ""
			}
			if _, known := c.constructors[key]; known {
				continue
			}
			if i := c.messageParameter(s, fn); i >= 0 {
				c.constructors[key], more = i, true
			}
		}
	}
	return more
}

// messageParameter returns the index of the parameter from which fn makes a message; -1 if there is none. If several are joined,
// as a field's name and a format, it is the last one.
func (c *collector) messageParameter(s source, fn *ast.FuncDecl) int {
	position, texts := 0, make(map[string]int)
	for _, field := range fn.Type.Params.List {
		kind, isName := field.Type.(*ast.Ident)
		for _, name := range field.Names {
			if isName && kind.Name == "string" {
				texts[name.Name] = position
			}
			position++
		}
	}
	index := -1
	c.eachMessage(s, fn.Body, func(message ast.Expr) {
		for _, name := range joined(message) {
			if i, ok := texts[name]; ok {
				index = max(index, i)
			}
		}
	})
	return index
}

// joined returns the names of the variables that an expression joins to a text.
func joined(e ast.Expr) []string {
	if format, ok := sprintf(e); ok {
		return joined(format)
	}
	switch e := e.(type) {
	case *ast.Ident:
		return []string{e.Name}
	case *ast.BinaryExpr:
		return append(joined(e.X), joined(e.Y)...)
	default:
		return nil
	}
}

// eachMessage calls visit with every expression below n that becomes a message.
func (c *collector) eachMessage(s source, n ast.Node, visit func(ast.Expr)) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if i, ok := c.messageArgument(s, n); ok && i < len(n.Args) {
				visit(n.Args[i])
			}
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Message" {
				visit(n.Value)
			}
		}
		return true
	})
}

func (c *collector) messageArgument(s source, call *ast.CallExpr) (int, bool) {
	name := calledName(call)
	if name == "New" && !isErrs(call) {
		return 0, false
	}
	if i, ok := c.constructors[constructor{s.pkg, name}]; ok {
		return i, true
	}
	i, ok := c.constructors[constructor{"", name}]
	return i, ok
}

func isErrs(call *ast.CallExpr) bool {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return len(call.Args) > 1 // within package errs
	}
	id, ok := selector.X.(*ast.Ident)
	return ok && id.Name == "errs"
}

func calledName(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	default:
		return ""
	}
}

func sprintf(e ast.Expr) (format ast.Expr, ok bool) {
	call, ok := e.(*ast.CallExpr)
	if !ok || calledName(call) != "Sprintf" || len(call.Args) == 0 {
		return nil, false
	}
	return call.Args[0], true
}

// text returns the text of an expression, with %s for the parts known only at run time. literal is false if no part is known.
func (c *collector) text(s source, e ast.Expr) (text string, literal bool) {
	if format, ok := sprintf(e); ok {
		return c.text(s, format)
	}
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.Ident:
		text, ok := c.constants[constructor{s.pkg, e.Name}]
		return text, ok
	case *ast.BinaryExpr:
		left, known := c.text(s, e.X)
		right, also := c.text(s, e.Y)
		if !known {
			left = "%s"
		}
		if !also {
			right = "%s"
		}
		return left + right, known || also
	default:
		return "%s", false
	}
}

var (
	// sentence matches a message that a function returns as a text and its caller puts into a Field.
	sentence = regexp.MustCompile(`^[a-z][a-z_.\[\]]* (must|is|are|cannot|needs) .*\.$`)
	word     = regexp.MustCompile(`[a-z]{2}`)
)

// messages returns the sentences, sorted and without duplicates. "…" stands for the field's name that precedes one at run time.
func (c *collector) messages() []string {
	for _, s := range c.sources {
		c.eachMessage(s, s.file, func(e ast.Expr) {
			if text, ok := c.text(s, e); ok {
				c.keep(text)
			}
		})
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if calledName(n) == "NotFound" && len(n.Args) == 1 {
					if what, ok := c.text(s, n.Args[0]); ok {
						c.keep(what + " not found.")
					}
				}
			case *ast.BasicLit:
				if text, ok := c.text(s, n); ok && sentence.MatchString(text) {
					c.keep(text)
				}
			}
			return true
		})
	}
	return slices.Sorted(maps.Keys(c.found))
}

func (c *collector) keep(text string) {
	text = strings.TrimSpace(text)
	switch {
	case !word.MatchString(text) || !strings.Contains(text, " "):
		return
	case !sentence.MatchString(text) && strings.ToLower(text[:1]) == text[:1] && !strings.HasSuffix(text, "."):
		text = "… " + text
	}
	c.found[text] = true
}
