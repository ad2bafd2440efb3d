package nearest

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestHint(t *testing.T) {
	commands := []string{"info", "convert", "data", "help", "completion", "version"}
	presets := []string{"gen/ablation_ot_1node", "gen/latent_sota_B_ot_1node", "gen/latent_sota_B_ot_8node", "gen/latent_sota_XL_ot_8node", "mae/latent_640"}
	for _, c := range []struct {
		word  string
		known []string
		want  string
	}{
		{"inform", commands, ": did you mean info?"},
		{"ifno", commands, ": did you mean info?"},
		{"con", commands, ": did you mean convert?"},
		{"DATA", commands, ": did you mean data?"},
		{"train", commands, ""},
		{"x", commands, ""},
		{"", commands, ""},
		{"gen/ablation", presets, ": did you mean gen/ablation_ot_1node?"},
		{"latent_sota_B_ot_1node", presets, ": did you mean gen/latent_sota_B_ot_1node?"},
		{"gen/latent_sota_xl_ot_8node.yaml", presets, ": did you mean gen/latent_sota_XL_ot_8node?"},
		{"gen/latent_sota_B", presets, ": did you mean gen/latent_sota_B_ot_1node or gen/latent_sota_B_ot_8node?"},
		{"sota_B_1node", presets, ": did you mean gen/latent_sota_B_ot_1node?"},
		{"latents", presets, ""},
		{"gen/a", []string{"gen/a_20", "gen/b", "gen/a_1", "gen/a", "mae/a"}, ": did you mean gen/a?"},
		{"gen/a", []string{"gen/a_20", "gen/b", "gen/a_1", "mae/a"}, ": did you mean gen/a_20, gen/b or gen/a_1?"},
		{"gen/a_", []string{"gen/a_R0.025", "gen/b_R0.025", "gen/a_o"}, ": did you mean gen/a_R0.025 or gen/a_o?"},
		{"mae-640", presets, ""},
		{"ab", []string{"aa", "ac", "ad", "ae"}, ": did you mean aa, ac or ad?"},
		{"été", []string{"ete"}, ""},
		{"étés", []string{"été"}, ": did you mean été?"},
	} {
		if got := Hint(c.word, c.known); got != c.want {
			t.Errorf("the hint of %q is %q, want %q", c.word, got, c.want)
		}
	}
}

func TestEdits(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"kitten", "sitting", 3}, {"", "abc", 3}, {"abc", "", 3}, {"cfg", "cgf", 2}, {"saturday", "sunday", 3}, {"same", "same", 0}, {"naïve", "naive", 1}} {
		if got := Edits(c.a, c.b); got != c.want {
			t.Errorf("%s to %s: %d edits, want %d", c.a, c.b, got, c.want)
		}
	}
	word := rapid.StringOfN(rapid.RuneFrom([]rune("abé")), 0, 8, -1)
	rapid.Check(t, func(t *rapid.T) { // it is a distance
		a, b, c := word.Draw(t, "a"), word.Draw(t, "b"), word.Draw(t, "c")
		if ab := Edits(a, b); ab != Edits(b, a) || ab == 0 != (a == b) || Edits(a, c) > ab+Edits(b, c) {
			t.Errorf("%q, %q, %q: %d edits from the first to the second, %d back, %d from the first to the third, %d from the second: want a distance", a, b, c, ab, Edits(b, a), Edits(a, c), Edits(b, c))
		}
		if a != "" && !slices.Equal(Words(a, []string{b, a}), []string{a}) && !strings.EqualFold(a, b) {
			t.Errorf("nearest to %q of %q are %q, want itself", a, []string{b, a}, Words(a, []string{b, a}))
		}
	})
}
