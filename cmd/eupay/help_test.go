package main

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"european-pay.eu/eupay/cmd/internal/golden"
	"european-pay.eu/eupay/cmd/internal/payer"
)

func TestHelpNeedsNoKey(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"--help": "EUPAY_API_SECRET", "listen --help": "--forward-to", "trigger --list": "payment.refunded", "completion bash": "complete -F _eupay eupay",
		"completion zsh": "#compdef eupay", "completion fish": "complete -c eupay",
	} {
		if out, err := invoke(t, map[string]string{"EUPAY_RUN_DIR": "/nowhere"}, strings.Fields(args)...); err != nil || !strings.Contains(out, want) {
			t.Errorf("%s prints %q, %v", args, out, err)
		}
	}
}

func TestTheHelpIsAsInTheGoldenFile(t *testing.T) {
	t.Setenv("COLUMNS", "") // the width is the same everywhere
	var help strings.Builder
	for _, args := range []string{"--help", "listen --help", "trigger --help", "trigger --list", "completion --help"} {
		out, err := invoke(t, nil, strings.Fields(args)...)
		if err != nil {
			t.Fatal(err)
		}
		help.WriteString("$ eupay " + args + "\n" + out + "\n")
	}
	golden.Same(t, "help.txt", help.String())
}

// The completion scripts name every event and every flag.
func TestCompletionKnowsEverything(t *testing.T) {
	t.Parallel()
	help := ""
	for _, command := range []string{"listen", "trigger"} {
		out, err := invoke(t, nil, command, "--help")
		if err != nil {
			t.Fatal(err)
		}
		help += out
	}
	words := regexp.MustCompile(`--([a-z-]+)`).FindAllStringSubmatch(help, -1)
	for _, w := range ways {
		words = append(words, []string{"", w.event})
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		script, err := invoke(t, nil, "completion", shell)
		if err != nil {
			t.Fatal(err)
		}
		golden.Same(t, "completion."+shell, script)
		for _, w := range words {
			if !strings.Contains(script, w[1]) {
				t.Errorf("%s: %s is missing", shell, w[1])
			}
		}
	}
	if payer.Reaches("https://example.com") || !payer.Reaches("http://127.0.0.1:1/x") {
		t.Error("a page elsewhere is played")
	}
}

func TestBashCompletesEvents(t *testing.T) {
	t.Parallel()
	script, err := invoke(t, nil, "completion", "bash")
	if err != nil {
		t.Fatal(err)
	}
	script += `COMP_WORDS=(eupay trigger payment.c); COMP_CWORD=2; _eupay; echo "${COMPREPLY[@]}"`
	out, err := exec.CommandContext(t.Context(), "bash", "-c", script).CombinedOutput()
	if err != nil || string(out) != "payment.created payment.completed payment.cancelled\n" {
		t.Errorf("%q, %v", out, err)
	}
}
