package device

import "testing"

func TestDeviceNames(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"":           "Unknown device",
		"curl/8.5.0": "curl",
		"Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0":                                                                  "Firefox on Linux",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1": "Safari on iPhone",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0":           "Edge on Windows",
	} {
		if got := Name(agent); got != want {
			t.Errorf("%q is %q, want %q", agent, got, want)
		}
	}
	if got := NameIn("Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/130.0", "fr"); got != "Firefox sur Windows" {
		t.Errorf("in French: %q", got)
	}
	if got := NameIn("", "fr"); got != "Appareil inconnu" {
		t.Errorf("in French: %q", got)
	}
}

func TestLanguageIsTheFirstOfOurs(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]string{
		"": "", "de, it;q=0.5": "", "fr-FR,fr;q=0.9,en;q=0.8": "fr", "de-DE, FR;q=0.9, en": "fr", "en-GB, fr": "en", "*": "", "french": "",
	} {
		if got := Language(accept); got != want {
			t.Errorf("%q is %q, want %q", accept, got, want)
		}
	}
}
