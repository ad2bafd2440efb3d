package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/internal/thousands"
)

// commands returns all commands, the root first.
func commands(c *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{c}
	for _, s := range c.Commands() {
		all = append(all, commands(s)...)
	}
	return all
}

// Every command explains itself, in lines that fit a terminal of 80 columns, and shows examples, which call it.
func TestHelp(t *testing.T) {
	seen := 0
	for _, c := range commands(rootCommand(io.Discard, io.Discard)) {
		words := strings.Fields(c.CommandPath())[1:]
		short, _, code := wflow(context.Background(), append(words, "--help")...)
		long, _, helped := wflow(context.Background(), append([]string{"help"}, words...)...)
		if code != 0 || helped != 0 || short != long || !strings.Contains(short, c.CommandPath()) {
			t.Errorf("%s --help: exit codes %d, %d, want 0, 0 and the same page twice:\n%s\n%s", c.CommandPath(), code, helped, short, long)
		}
		if c.Parent() != nil && c.Parent().Name() == "completion" {
			continue // whose help is cobra's and tells where each shell keeps its scripts
		}
		for line := range strings.Lines(short) {
			if utf8.RuneCountInString(line) > 80+len("\n") {
				t.Errorf("%s --help: want at most 80 columns in %s", c.CommandPath(), line)
			}
		}
		for example := range strings.Lines(c.Example) {
			seen++
			if !strings.Contains(example, "wflow ") || c.HasParent() && !c.HasSubCommands() && !strings.Contains(example, c.CommandPath()) {
				t.Errorf("%s: the example %q, want one that calls it", c.CommandPath(), example)
			}
		}
		if c.Example == "" {
			t.Errorf("%s has no example, want one", c.CommandPath())
		}
	}
	if seen < 15 {
		t.Errorf("%d examples, want 15 or more", seen)
	}
	if out, _, _ := wflow(context.Background(), "help"); !strings.Contains(out, "completion") || !strings.Contains(out, "version") {
		t.Errorf("want all commands in\n%s", out)
	}
}

// The error of a wrong call says what was wrong and how the command is called, with an example. The exit code is 2, and the
// report is empty.
func TestMisuse(t *testing.T) {
	for _, c := range []struct{ arguments, says, usage, example string }{
		{"inform", `unknown command "inform" for "wflow": did you mean info?`, "wflow completion|convert|data|", "wflow info presets"},
		{"inform --json x", `unknown command "inform" for "wflow": did you mean info?`, "wflow completion|", ""},
		{"inform --help", `unknown command "inform" for "wflow": did you mean info?`, "wflow completion|", ""},
		{"xyz", `unknown command "xyz" for "wflow": there are completion, convert, data, `, "wflow completion|", ""},
		{"--jason", `unknown flag --jason for "wflow": did you mean --json?`, "wflow completion|", ""},
		{"-q", "'q' in -q", "wflow completion|", ""},
		{"data prepair a b --vae c", `unknown command "prepair" for "wflow data": did you mean prepare?`, "wflow data ", "wflow data prepare imagenet-1k latents"},
		{"data foo --help", `unknown command "foo" for "wflow data": there are `, "wflow data ", ""},
		{"help data foo", `unknown command "foo" for "wflow data": there are `, "wflow help [COMMAND]", "wflow help info"},
		{"help NOPE", `unknown command "NOPE" for "wflow"`, "wflow help [COMMAND]", ""},
		{"help info presets", `"wflow info" has no commands, but got "presets"`, "wflow help [COMMAND]", ""},
		{"completion basch", `unknown command "basch" for "wflow completion": did you mean bash?`, "wflow completion bash|fish|powershell|zsh", "source <(wflow completion bash)"},
		{"completion bash now", `completion bash takes no arguments, and got "now"`, "wflow completion bash", ""},
		{"version 2", `version takes no arguments, and got "2"`, "wflow version", "wflow version"},
		{"info", "info takes one argument, WHAT, and got none", "wflow info WHAT [flags]", "wflow info gen/ablation_ot_1node"},
		{"info a b", `info takes one argument, WHAT, and got 2: "a" "b"`, "wflow info WHAT [flags]", ""},
		{"info ''", `info got an empty argument: ""`, "wflow info WHAT [flags]", ""},
		{"info --tensor a", `unknown flag --tensor for "wflow info": did you mean --tensors?`, "wflow info WHAT", ""},
		{"info --json=perhaps a", "--json perhaps, want true or false", "wflow info WHAT", ""},
		{"convert a", `convert takes 2 arguments, FROM TO.safetensors, and got 1: "a"`, "wflow convert FROM TO.safetensors [flags]", "wflow convert state_00030000.pt generator.safetensors"},
		{"convert --network dit-x a b", `no network "dit-x", there are dit-b, dit-l, dit-xl, mae-128, mae-256, mae-640, vae: did you mean dit-b, dit-l or dit-xl?`, "wflow convert FROM", ""},
		{"convert a b --network", "--network wants a value", "wflow convert FROM", ""},
		{"data merge", "data merge takes one argument, CACHE, and got none", "wflow data merge CACHE", "wflow data merge latents"},
		{"data prepare a b --batch many", "--batch many, want a whole number", "wflow data prepare IMAGES CACHE", ""},
		{"data prepare a b --seed -1", "--seed -1, want a whole number from 0", "wflow data prepare IMAGES CACHE", ""},
		{"data prepare a b --batch 0", "--batch 0, want 1 or more", "wflow data prepare IMAGES CACHE", "wflow data prepare imagenet-1k latents"},
	} {
		words := strings.Fields(c.arguments)
		for i := range words {
			words[i] = strings.Trim(words[i], "'")
		}
		for _, words := range [][]string{words, append([]string{"--json"}, words...)} {
			out, said, code := wflow(context.Background(), words...)
			if code != misused || out != "" || !strings.HasPrefix(said, "wflow: ") {
				t.Errorf("wflow %q: exit code %d, want %d, no report and an error of wflow: %s%s", words, code, misused, out, said)
			}
			for _, want := range []string{c.says, "\n\nusage:    " + c.usage, "\nexample:  " + c.example, "\nmore:     wflow help"} {
				if !strings.Contains(said, want) && (c.example != "" || !strings.HasPrefix(want, "\nexample")) {
					t.Errorf("wflow %q: %q, want %q", words, said, want)
				}
			}
		}
	}
}

// If there is nothing at a path, info and convert say what may have been meant.
func TestMissing(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"state_00030000.pt", "latents.npy"} {
		if err := os.WriteFile(name, []byte("no"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll("a/weights", 0o755); err != nil {
		t.Fatal(err)
	}
	zeros(t, "a.npy", nil)
	linked := os.Symlink("gone.pt", "link.pt") == nil // which Windows may not allow
	for _, c := range []struct{ arguments, says string }{
		{"info gen/latent_sota_B", "gen/latent_sota_B: there is no such file, folder or preset: did you mean gen/latent_sota_B_ot_1node"},
		{"info latent_sota_B_ot_1node", "did you mean gen/latent_sota_B_ot_1node?"},
		{"info gen/ablation_ot_1node.yaml", "did you mean gen/ablation_ot_1node?"},
		{"info gen/ablation_r0.025", "did you mean gen/ablation_R0.025?"},
		{"info ablation_R0.025", "did you mean gen/ablation_R0.025?"},
		{"info gen/ablation_R0.025.yaml", "did you mean gen/ablation_R0.025?"},
		{"info preset", "did you mean presets?"},
		{"info state.pt", "state.pt: there is no such file, folder or preset: did you mean state_00030000.pt?"},
		{"info latent.npy", "did you mean latents.npy?"},
		{"info a/weight", "a/weight: there is no such file, folder or preset: did you mean " + filepath.Join("a", "weights") + "?"},
		{"info xyz", "xyz: there is no such file, folder or preset; wflow info presets lists the presets"},
		{"info link.pt", "link.pt: a link to gone.pt, which is not there"},
		{"info state_00030000.pt/a", "not a directory"},
		{"convert state.pt b", "state.pt: there is no such file or folder: did you mean state_00030000.pt?"},
		{"convert b/state.pt b", "there is no folder b"},
		{"convert a.npy b/c", "there is no folder b"},
	} {
		if strings.Contains(c.arguments, "link") && !linked || strings.Contains(c.says, "not a directory") && runtime.GOOS == "windows" {
			continue
		}
		out, said, code := wflow(context.Background(), strings.Fields(c.arguments)...)
		if code != failed || out != "" || !strings.Contains(said, c.says) || strings.Contains(said, "stat ") || strings.Contains(said, "open ") {
			t.Errorf("wflow %s: exit code %d: %s%s, want %s", c.arguments, code, out, said, c.says)
		}
	}
}

// A name that is long, or that has a line end, is on one short line of the error. A configuration without the end of its
// name is told from a weight file.
func TestOddNames(t *testing.T) {
	t.Chdir(t.TempDir())
	for file, text := range map[string]string{"configuration": "logging:\n", "bytes": "\xff\x00\x01", "empty": ""} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	long := strings.Repeat("ü", 3000)
	for name, says := range map[string]string{
		"a\nb":          `"a\nb": `,
		"a\nb/c":        `"a\nb/c": `,
		long:            `"` + long[:600] + `…": `,
		"x/" + long:     `"x/` + long[:2*298] + `…": `,
		"configuration": "of unknown kind: it begins with \"logging:\\n\"; want safetensors, PyTorch, Flax msgpack, npy or npz; if it is a configuration, give it a name that ends in .yaml\n",
		"bytes":         "want safetensors, PyTorch, Flax msgpack, npy or npz\n",
		"empty":         "want safetensors, PyTorch, Flax msgpack, npy or npz\n",
	} {
		_, said, code := wflow(context.Background(), "info", name)
		if code != failed || !strings.Contains(said, says) || strings.Count(said, "\n") > 1 || len(said) > 800 {
			t.Errorf("wflow info %.20q: exit code %d: %s, want %s on one line", name, code, said, says)
		}
	}
}

// If the report cannot be written, as on a full disk, the exit code is 1 and the error says why.
func TestFullDisk(t *testing.T) {
	for _, arguments := range []string{"help", "info presets", "info presets --json", "info --help", "completion bash", "version", "--version", "data"} {
		var said strings.Builder
		code := run(context.Background(), strings.Fields(arguments), full{}, &said)
		if code != failed || said.String() != "wflow: what was asked for could not be printed: full\n" {
			t.Errorf("wflow %s: exit code %d, want %d and the reason: %s", arguments, code, failed, &said)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestVersion(t *testing.T) {
	out, said, code := wflow(context.Background(), "version", "--json")
	var r build
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 || r.Version == "" || r.Go != runtime.Version() || r.Platform != runtime.GOOS+"/"+runtime.GOARCH || r.Engine == "" {
		t.Errorf("exit code %d, %v, want 0, none, and version, Go, platform and engine: %s%s", code, err, out, said)
	}
	if out, _, code := wflow(context.Background(), "version"); code != 0 || !strings.Contains(out, "\nengine  ") {
		t.Errorf("exit code %d, want 0 and the engine: %s", code, out)
	}
	if out, _, code := wflow(context.Background(), "--version"); code != 0 || out != "wflow version "+r.Version+"\n" {
		t.Errorf("exit code %d, want 0 and wflow version %s: %s", code, r.Version, out)
	}
}

// The list of presets has one line for each, with its size, origin, purpose and source; for machines it has objects.
func TestPresets(t *testing.T) {
	out, said, code := wflow(context.Background(), "info", "presets", "--json")
	var list presets
	if err := json.Unmarshal([]byte(out), &list); err != nil || code != 0 || len(list) != len(preset.Names()) {
		t.Fatalf("exit code %d, %v, want 0, none and %d presets: %s%s", code, err, len(preset.Names()), out, said)
	}
	out, _, _ = wflow(context.Background(), "info", "presets")
	if !strings.Contains(out, "  released  ") || !strings.Contains(out, "  ours  ") {
		t.Errorf("want released presets and ours in\n%s", out)
	}
	rows := strings.Split(strings.TrimSpace(out), "\n")
	if len(rows) != len(list) {
		t.Fatalf("%d lines, want %d: %s", len(rows), len(list), out)
	}
	column := strings.Index(rows[0], "parameters")
	for i, p := range list {
		if p.Listed != preset.List()[i] || p.Parameters == 0 || p.Kind != "generator" && p.Kind != "mae" {
			t.Errorf("preset %d is %+v, want %+v with its kind and number of parameters", i, p, preset.List()[i])
		}
		end := fmt.Sprintf(" %s parameters  %-8s  %s (%s)", thousands.Text(p.Parameters), p.Origin, p.Purpose, p.Source)
		if !strings.HasPrefix(rows[i], p.Name+" ") || !strings.HasSuffix(rows[i], end) || strings.Index(rows[i], "parameters") != column {
			t.Errorf("%q, want %s …%s with the word parameters in column %d", rows[i], p.Name, end, column)
		}
	}
}

// info finds every preset that it lists, and says where it is from. A configuration file of the user is told apart, also
// one that lies where the file of a preset does.
func TestConfigurations(t *testing.T) {
	for _, p := range preset.List() {
		out, said, code := wflow(context.Background(), "info", p.Name)
		for _, want := range []string{p.Name + "\n", string(p.Origin) + ": " + p.Source + "\n", p.Purpose + "\n"} {
			if code != 0 || !strings.Contains(out, want) {
				t.Errorf("wflow info %s: exit code %d: %s%s, want %s", p.Name, code, out, said, want)
			}
		}
		var r struct{ Name, Origin, Source, Purpose, Kind string }
		out, said, code = wflow(context.Background(), "info", "--json", p.Name)
		if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 || r.Name != p.Name || r.Origin != string(p.Origin) || r.Source != p.Source || r.Purpose != p.Purpose || r.Kind == "" {
			t.Errorf("wflow info --json %s: exit code %d, %v: %s%s, want %+v", p.Name, code, err, out, said, p)
		}
	}

	const name = "gen/ablation_ot_1node"
	p, err := preset.Named(name)
	if err != nil {
		t.Fatal(err)
	}
	p.Generator.Train.Seed = 43
	text, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.Mkdir("gen", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{name + ".yaml", "mine_R0.1.yml"} {
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		out, said, code := wflow(context.Background(), "info", file)
		if code != 0 || !strings.Contains(out, file+"\n") || !strings.Contains(out, "a file of your own") || strings.Contains(out, "purpose") {
			t.Errorf("wflow info %s: exit code %d: %s%s, want a file of the user's", file, code, out, said)
		}
		if out, _, _ = wflow(context.Background(), "info", "--json", "./"+file); !strings.Contains(out, `"origin": "file"`) || !strings.Contains(out, `"seed": 43`) || strings.Contains(out, `"source"`) {
			t.Errorf("wflow info --json ./%s: %s, want origin file and seed 43", file, out)
		}
	}
	if out, said, code := wflow(context.Background(), "info", "--json", name); code != 0 || !strings.Contains(out, `"seed": 42`) {
		t.Errorf("wflow info %s: exit code %d: %s%s, want the preset beside a file of nearly its name", name, code, out, said)
	}
}

// presetsFrom returns the names of presets that begin with a prefix.
func presetsFrom(prefix string) []string {
	return slices.DeleteFunc(preset.Names(), func(name string) bool { return !strings.HasPrefix(name, prefix) })
}

// Shells complete commands, presets, networks, files and folders, and nothing where only a number fits.
func TestCompletion(t *testing.T) {
	for _, c := range []struct {
		arguments string
		want      []string // the first words, and the directive
	}{
		{"da", []string{"data", ":4"}},
		{"data me", []string{"merge", ":4"}},
		{"help data me", []string{"merge", ":4"}},
		{"help data merge ", []string{":4"}},
		{"info mae/", append(presetsFrom("mae/"), ":0")},
		{"info gen/ablation_R0.0", append(presetsFrom("gen/ablation_R0.0"), ":0")},
		{"info state_", []string{":0"}},
		{"train ", append(presetsFrom("gen/"), ":0")},
		{"train mae/", []string{":0"}},
		{"train gen/pilot ", []string{":16"}},
		{"train gen/pilot run ", []string{":4"}},
		{"train --keep-last ", []string{":4"}},
		{"encoder train ", append(presetsFrom("mae/"), ":0")},
		{"encoder train gen/", []string{":0"}},
		{"encoder train mae/mnist ", []string{":16"}},
		{"sample --preset ", append(presetsFrom("gen/"), ":0")},
		{"info a ", []string{":4"}},
		{"convert ", []string{":0"}},
		{"convert --network ", []string{"dit-b", "dit-l", "dit-xl", "mae-128", "mae-256", "mae-640", "vae", ":4"}},
		{"data prepare a ", []string{":16"}},
		{"data prepare a b ", []string{":4"}},
		{"data prepare --vae ", []string{":0"}},
		{"data prepare --shard ", []string{":4"}},
		{"data verify ", []string{":16"}},
		{"version ", []string{":4"}},
		{"completion ", []string{"bash", "fish", "powershell", "zsh", ":4"}},
	} {
		out, _, code := wflow(context.Background(), append([]string{"__complete"}, strings.Split(c.arguments, " ")...)...)
		var got []string
		for l := range strings.Lines(out) {
			word, _, _ := strings.Cut(strings.TrimSpace(l), "\t")
			got = append(got, word)
		}
		if code != 0 || !cmp.Equal(got, c.want) {
			t.Errorf("wflow %s: exit code %d: %q, want %q", c.arguments, code, got, c.want)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if out, said, code := wflow(context.Background(), "completion", shell); code != 0 || !strings.Contains(out, "wflow") {
			t.Errorf("%s: exit code %d, want 0 and a script: %s", shell, code, said)
		}
	}
}
