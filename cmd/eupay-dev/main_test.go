package main

import "testing"

func TestAnUnknownCommandIsRefused(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"walk"}, {"--help"}, {"run", "away"}, {""}} {
		if code := dispatch(args); code != 2 {
			t.Errorf("%q ends with %d", args, code)
		}
	}
}
