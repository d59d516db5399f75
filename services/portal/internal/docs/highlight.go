package docs

import (
	"html"
	"html/template"
	"regexp"
	"strings"
)

// Patterns of what is coloured: comments, texts, numbers, and the words of the language, in this order.
var grammars = map[string]*regexp.Regexp{
	"json": grammar(``, `"(?:[^"\\\n]|\\.)*"`, `true|false|null`),
	"curl": grammar(`(?:^|\s)#[^\n]*`, `"(?:[^"\\]|\\.)*"|'[^']*'`, `curl|printf|openssl|export|echo`),
	"sh":   grammar(`(?:^|\s)#[^\n]*`, `"(?:[^"\\]|\\.)*"|'[^']*'`, `curl|printf|openssl|export|echo|eupay`),
	"node": grammar(`//[^\n]*`, "\"(?:[^\"\\\\\\n]|\\\\.)*\"|'(?:[^'\\\\\\n]|\\\\.)*'|`(?:[^`\\\\]|\\\\.)*`",
		`import|from|const|let|await|async|function|return|if|else|throw|new|for|while|try|catch|of|in|export|true|false|null`),
	"go": grammar(`//[^\n]*`, "\"(?:[^\"\\\\\\n]|\\\\.)*\"|`[^`]*`",
		`import|package|func|return|if|else|for|range|var|const|type|struct|nil|true|false|switch|case|default|go|defer|err`),
	"python": grammar(`#[^\n]*`, `f?"(?:[^"\\\n]|\\.)*"|f?'(?:[^'\\\n]|\\.)*'`,
		`import|from|def|return|if|not|else|elif|raise|for|in|while|with|as|True|False|None|and|or`),
	"php": grammar(`//[^\n]*`, `"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'`,
		`<\?php|function|return|if|else|throw|new|foreach|while|true|false|null|use|require|exit`),
	"http": grammar(``, `"(?:[^"\\\n]|\\.)*"`, `GET|POST|PUT|PATCH|DELETE|HTTP`),
	"css":  nil,
}

var grammarAliases = map[string]string{"js": "node", "javascript": "node", "bash": "sh", "py": "python"}

func grammar(comment, text, words string) *regexp.Regexp {
	if comment == "" {
		comment = `\z\z.`
	}
	return regexp.MustCompile(`(?m)(?P<c>` + comment + `)|(?P<s>` + text + `)|(?P<n>\b\d[\d._]*\b)|(?P<k>(?:^|\b)(?:` + words + `)\b)`)
}

// highlight colours a text. The classes are c (comment), s (text), a (the name in a JSON object), n (number) and k (word of the language).
func highlight(lang, text string) template.HTML {
	if other, ok := grammarAliases[lang]; ok {
		lang = other
	}
	g := grammars[lang]
	if g == nil {
		return highlighted(html.EscapeString(text))
	}
	var b strings.Builder
	last := 0
	for _, m := range g.FindAllStringSubmatchIndex(text, -1) {
		b.WriteString(html.EscapeString(text[last:m[0]]))
		class := ""
		for i, name := range []string{"c", "s", "n", "k"} {
			if m[2+2*i] >= 0 {
				class = name
			}
		}
		if class == "s" && lang == "json" && strings.HasPrefix(strings.TrimLeft(text[m[1]:], " "), ":") {
			class = "a"
		}
		b.WriteString(`<span class="h-` + class + `">` + html.EscapeString(text[m[0]:m[1]]) + `</span>`)
		last = m[1]
	}
	b.WriteString(html.EscapeString(text[last:]))
	return highlighted(b.String())
}
