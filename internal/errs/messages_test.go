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

// TestMessagesAreReadAsAWhole lists every sentence that a caller of the API may see, so that a new or changed one shows in review.
// Run it with -update after a change, and read the file for consistent terms and forms.
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

// constructor is a function that makes a message of one of its parameters. Exported ones are known in every package.
type constructor struct{ pkg, name string }

// source is a parsed file. Packages are told apart by their folders, which nothing else depends on.
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
	for c.spread() { // until no further function turns out to make messages
	}
	return c
}

func (c *collector) parse(path string, entry fs.DirEntry, err error) error {
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

// spread marks the functions that pass a parameter on as a message, and reports whether there was a new one.
func (c *collector) spread() (more bool) {
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

// messageParameter is the index of the parameter that fn makes a message of; -1 when it makes none.
func (c *collector) messageParameter(s source, fn *ast.FuncDecl) int {
	position, names := 0, make(map[string]int)
	for _, field := range fn.Type.Params.List {
		for _, name := range field.Names {
			if kind, ok := field.Type.(*ast.Ident); ok && kind.Name == "string" {
				names[name.Name] = position
			}
			position++
		}
	}
	index := -1
	c.eachMessage(s, fn.Body, func(message ast.Expr) {
		ast.Inspect(message, func(n ast.Node) bool {
			call, isCall := n.(*ast.CallExpr)
			if isCall && len(call.Args) > 0 && calledName(call) == "Sprintf" {
				n = call.Args[0]
			}
			if id, ok := n.(*ast.Ident); ok {
				if i, ok := names[id.Name]; ok && i > index {
					index = i
				}
			}
			return !isCall || calledName(call) != "Sprintf"
		})
		if call, ok := sprintf(message); ok {
			if id, ok := call.(*ast.Ident); ok {
				if i, ok := names[id.Name]; ok {
					index = i
				}
			}
		}
	})
	return index
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

// text is the text of an expression, with %s for what is only known at run time. literal is false when nothing is known.
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
	// sentence matches a message that a function returns as a text, to be put into a Field by its caller.
	sentence = regexp.MustCompile(`^[a-z][a-z_.\[\]]* (must|is|are|cannot|needs) .*\.$`)
	word     = regexp.MustCompile(`[a-z]{2}`)
)

// messages are all sentences, sorted, each once. One that begins with its field's name at run time begins with "…".
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
