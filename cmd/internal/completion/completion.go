// Package completion generates shell completions for the command lines of our programs.
package completion

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Script returns the script of a shell (bash, zsh or fish). It completes the commands of the program, their flags, and the values
// that the grammar lists. more has additional words that may follow a command, by the command's path ("dlq list").
func Script(shell string, program *kong.Application, more map[string][]string) string {
	write := map[string]func(string, []place) string{"bash": bash, "zsh": zsh, "fish": fish}[shell]
	return write(program.Name, places(program.Node, "", more))
}

// place is a position in a command line, with the words that may follow.
type place struct {
	path  string // "", "events", "events tail", …
	words []word
	flags []word
}

type word struct {
	text, short, help string
	values            []string // of a flag, or of an argument (text is empty)
	takes             bool     // a flag that is followed by a value
}

func places(n *kong.Node, path string, more map[string][]string) []place {
	at := place{path: path}
	for _, group := range n.AllFlags(true) {
		for _, f := range group {
			w := word{text: "--" + f.Name, help: f.Help, takes: !f.IsBool(), values: values(f.Value)}
			if f.Short != 0 {
				w.short = "-" + string(f.Short)
			}
			at.flags = append(at.flags, w)
		}
	}
	for _, p := range n.Positional {
		for _, v := range values(p) {
			at.words = append(at.words, word{text: v, help: p.Help})
		}
	}
	for _, text := range more[path] {
		at.words = append(at.words, word{text: text})
	}
	all := []place{at}
	for _, child := range n.Children {
		all[0].words = append(all[0].words, word{text: child.Name, help: child.Help})
		all = append(all, places(child, strings.TrimSpace(path+" "+child.Name), more)...)
	}
	return all
}

func values(v *kong.Value) []string {
	if v.Enum == "" {
		return nil
	}
	return slices.DeleteFunc(v.EnumSlice(), func(s string) bool { return s == "" })
}

func texts(words []word) string {
	var all []string
	for _, w := range words {
		all = append(all, w.text)
		if w.short != "" {
			all = append(all, w.short)
		}
	}
	return strings.Join(all, " ")
}

// paths returns all commands as alternatives of a shell pattern.
func paths(all []place) string {
	var quoted []string
	for _, p := range all[1:] {
		quoted = append(quoted, `"`+p.path+`"`)
	}
	return strings.Join(quoted, "|")
}

// flagsWith returns the flags of all places that take a value, once each.
func flagsWith(all []place, wanted func(word) bool) []word {
	var found []word
	for _, p := range all {
		for _, f := range p.flags {
			if f.takes && wanted(f) && !slices.ContainsFunc(found, func(w word) bool { return w.text == f.text }) {
				found = append(found, f)
			}
		}
	}
	return found
}

func listed(w word) bool { return len(w.values) > 0 }
func free(w word) bool   { return len(w.values) == 0 }

// names returns the names of a flag as alternatives of a shell pattern.
func (w word) names() string {
	if w.short == "" {
		return w.text
	}
	return w.text + "|" + w.short
}

// words returns the cases of what may follow each flag and command; line is how the shell receives the words.
func cases(all []place, line func(words string) string) string {
	var b strings.Builder
	b.WriteString("    case \"$prev\" in\n")
	for _, f := range flagsWith(all, listed) {
		fmt.Fprintf(&b, "        %s) %s; return ;;\n", f.names(), line(strings.Join(f.values, " ")))
	}
	for _, f := range flagsWith(all, free) {
		fmt.Fprintf(&b, "        %s) return ;;\n", f.names())
	}
	b.WriteString("    esac\n    case \"$at\" in\n")
	for _, p := range all {
		fmt.Fprintf(&b, "        %q) %s ;;\n", p.path, line(strings.TrimSpace(texts(p.words)+" "+texts(p.flags))))
	}
	b.WriteString("    esac\n")
	return b.String()
}

func bash(name string, all []place) string {
	return fill(`# {name} completion for bash: source <({name} completion bash)
_{name}() {
    local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" at="" word
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case "${at:+$at }$word" in
            {paths}) at="${at:+$at }$word" ;;
        esac
    done
    COMPREPLY=()
{cases}}
complete -F _{name} {name}
`, name, paths(all), cases(all, func(words string) string { return fmt.Sprintf(`COMPREPLY=($(compgen -W %q -- "$cur"))`, words) }))
}

func zsh(name string, all []place) string {
	return fill(`#compdef {name}
# {name} completion for zsh: source <({name} completion zsh), after compinit
_{name}() {
    local prev="${words[CURRENT-1]}" at="" word
    for word in "${(@)words[2,CURRENT-1]}"; do
        case "${at:+$at }$word" in
            {paths}) at="${at:+$at }$word" ;;
        esac
    done
{cases}}
if [ "$funcstack[1]" = "_{name}" ]; then _{name} "$@"; else compdef _{name} {name}; fi
`, name, paths(all), cases(all, func(words string) string { return "compadd -- " + words }))
}

func fish(name string, all []place) string {
	var lines strings.Builder
	for _, p := range all {
		at := fmt.Sprintf("complete -c %s -n '__%s_at \"%s\"'", name, name, p.path)
		for _, w := range p.words {
			fmt.Fprintf(&lines, "%s -a %s -d %s\n", at, w.text, fishQuote(w.help))
		}
		for _, f := range p.flags {
			fmt.Fprintf(&lines, "%s -l %s%s -d %s\n", at, strings.TrimPrefix(f.text, "--"), fishValue(f), fishQuote(f.help))
		}
	}
	return fill(`# {name} completion for fish: {name} completion fish | source
function __{name}_at
    set -l at
    for word in (commandline -opc)
        switch (string join ' ' $at $word)
            case {paths}
                set at $at $word
        end
    end
    test (string join ' ' $at) = "$argv[1]"
end
complete -c {name} -f
{cases}`, name, strings.ReplaceAll(paths(all), "|", " "), lines.String())
}

// fill inserts the parts into the template of a script.
func fill(text, name, paths, cases string) string {
	return strings.NewReplacer("{name}", name, "{paths}", paths, "{cases}", cases).Replace(text)
}

func fishValue(f word) string {
	s := ""
	if f.short != "" {
		s = " -s " + strings.TrimPrefix(f.short, "-")
	}
	if f.takes {
		s += " -x"
	}
	if len(f.values) > 0 {
		s += fmt.Sprintf(" -a %q", strings.Join(f.values, " "))
	}
	return s
}

// fishQuote quotes the first sentence, which is enough beside a completion.
func fishQuote(help string) string {
	first, _, _ := strings.Cut(help, ". ")
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(strings.TrimSuffix(first, ".")) + "'"
}
