package preset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/wflowlab/wflowlab/internal/golden"
	"github.com/wflowlab/wflowlab/internal/thousands"
)

// recorded returns the recorded configurations by file name, as trees of map[string]any, []any, bool, string, int and
// float64.
func recorded(t testing.TB) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(os.Getenv("WFLOW_GOLDENS"), "configs.json"))
	if os.Getenv("WFLOW_GOLDENS") == "" || errors.Is(err, fs.ErrNotExist) {
		text, err = os.ReadFile("testdata/configs.json")
	}
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(bytes.ReplaceAll(text, []byte(": Infinity"), []byte(": 1e999")))) // JSON has no infinity
	d.UseNumber()
	var all map[string]any
	if err := d.Decode(&all); err != nil {
		t.Fatal(err)
	}
	return numbers(all).(map[string]any)
}

// numbers replaces JSON's numbers by int, or by float64 if they have a point or an exponent.
func numbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = numbers(v[k])
		}
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case json.Number:
		if n, err := strconv.Atoi(string(v)); err == nil {
			return n
		}
		x, _ := strconv.ParseFloat(string(v), 64) // infinity for 1e999
		return x
	}
	return v
}

// styles are ways to write the same values as YAML.
var styles = map[string]func(v any) string{
	"block":   func(v any) string { return write(v, "\n", strconv.Itoa, short) },
	"flow":    flow,
	"anchors": func(v any) string { return anchors(flow(v)) },
	"comments": func(v any) string {
		return "# a preset\n%YAML 1.1\n---  # here\n" + strings.ReplaceAll(write(v, "\n", strconv.Itoa, short), "\n", "   # why\n\n") + "\n...\n"
	},
	"exponents": func(v any) string {
		return write(v, "\n", strconv.Itoa, func(x float64) string { return fmt.Sprintf("%e", x) })
	},
	"YAML 1.1":    func(v any) string { return write(v, "\n", underscore, short) },
	"short":       func(v any) string { return write(v, "\n", strconv.Itoa, shortest) },
	"CRLF":        func(v any) string { return "\ufeff" + write(v, "\r\n", strconv.Itoa, short) },
	"wide indent": func(v any) string { return strings.ReplaceAll(write(v, "\n", strconv.Itoa, short), "  ", "     ") },
}

// short writes 2.0e-4 as Python does, shortest as 2e-4.
func short(x float64) string {
	if math.IsInf(x, 1) {
		return ".inf"
	}
	s := strconv.FormatFloat(x, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

func shortest(x float64) string {
	if math.IsInf(x, 1) {
		return ".Inf"
	}
	return strings.Replace(strconv.FormatFloat(x, 'e', -1, 64), "e-0", "e-", 1)
}

func underscore(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return strings.ReplaceAll(thousands.Text(n), ",", "_")
}

// write writes blocks as blocks, each kind of number in its way, and long lists as blocks too.
func write(v any, end string, integer func(int) string, float func(float64) string) string {
	var b strings.Builder
	var value func(v any, indent string)
	value = func(v any, indent string) {
		switch v := v.(type) {
		case map[string]any:
			for _, k := range sorted(v) {
				b.WriteString(end + indent + k + ":")
				value(v[k], indent+"  ")
			}
		case []any:
			if len(v) == 0 {
				b.WriteString(" []")
			}
			for _, e := range v {
				b.WriteString(end + indent + "-")
				value(e, indent+"  ")
			}
		case int:
			b.WriteString(" " + integer(v))
		case float64:
			b.WriteString(" " + strings.Replace(float(v), "+Inf", ".inf", 1))
		case bool:
			b.WriteString(" " + strconv.FormatBool(v))
		case string:
			b.WriteString(" '" + v + "'")
		default:
			panic(fmt.Sprintf("%T", v))
		}
	}
	value(v, "")
	return strings.TrimPrefix(b.String(), end) + end
}

func flow(v any) string {
	switch v := v.(type) {
	case map[string]any:
		var parts []string
		for _, k := range sorted(v) {
			parts = append(parts, strconv.Quote(k)+": "+flow(v[k]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		var parts []string
		for _, e := range v {
			parts = append(parts, flow(e))
		}
		return "[ " + strings.Join(parts, ",") + " ]"
	case float64:
		return short(v)
	case string:
		return strconv.Quote(v)
	default:
		return fmt.Sprint(v)
	}
}

// anchors replaces the second and further of equal lists, and of equal blocks without blocks, by aliases.
func anchors(text string) string {
	n := 0
	for _, part := range regexp.MustCompile(`\[[^]]*\]|\{[^{}]*\}`).FindAllString(text, -1) {
		if strings.Count(text, ": "+part) > 1 {
			n++
			first, rest, _ := strings.Cut(text, part)
			alias := fmt.Sprintf("a%d", n)
			text = first + "&" + alias + " " + part + strings.ReplaceAll(rest, ": "+part, ": *"+alias+" ")
		}
	}
	return text
}

func sorted(m map[string]any) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// generic reads YAML without any knowledge of ours.
func generic(t testing.TB, text []byte) (v any) {
	t.Helper()
	if err := yaml.Load(text, &v); err != nil {
		t.Fatalf("%v, want no error in\n%s", err, text)
	}
	return v
}

func TestGoldenConfigs(t *testing.T) {
	all := recorded(t)
	ran := 0
	for name, want := range all {
		ran++
		for style, write := range styles {
			text := write(want)
			p, err := Parse(name, []byte(text))
			if err != nil {
				t.Errorf("%s: %v, want no error in\n%.400s", style, err, text)
				continue
			}
			if mae := strings.HasPrefix(name, "mae/"); mae != (p.MAE != nil) || mae != (p.Generator == nil) {
				t.Fatalf("%s: %s: an encoder %v, a generator %v, want an encoder %v", name, style, p.MAE != nil, p.Generator != nil, mae)
			}
			out, err := p.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			if got := generic(t, out); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %s: got %v, want %v", name, style, got, want)
			}
		}
	}
	if ran < 10 {
		t.Errorf("%d configurations were read, want those of nine releases and a fork", ran)
	}
}

// The presets that are said to be released have the values of the released files, all nine of them, and their text is
// what Marshal writes.
func TestGoldenNamed(t *testing.T) {
	all := recorded(t)
	maps.DeleteFunc(all, func(file string, _ any) bool { return strings.HasPrefix(file, "fork/") })
	var names []string
	for _, p := range List() {
		if p.Origin == Released {
			names = append(names, p.Name+".yaml")
		}
	}
	if want := sorted(all); len(want) < 9 || !slices.Equal(names, want) {
		t.Errorf("released are %v, want %v, nine or more", names, want)
	}
	for file, want := range all {
		name := strings.TrimSuffix(file, ".yaml")
		text, err := files.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := generic(t, text); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
		p, err := Named(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if out, err := p.Marshal(); err != nil || !bytes.Equal(out, text) {
			t.Errorf("%s: Marshal gives (error %v)\n%s\nwant\n%s", name, err, out, text)
		}
	}
}

// Parameters agrees with PyTorch's count of the official modules.
func TestGoldenParameters(t *testing.T) {
	var file struct {
		Generator, MAE []struct {
			Config     map[string]any
			Parameters int
		}
	}
	if err := golden.Read("parameters.json", &file); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, c := range file.Generator {
		p, _ := Named("gen/ablation_ot_1node")
		p.Generator.Data.Classes = int(c.Config["num_classes"].(float64))
		delete(c.Config, "num_classes")
		fill(t, reflect.ValueOf(&p.Generator.Model).Elem(), c.Config)
		if got := p.Generator.Parameters(); got != c.Parameters {
			t.Errorf("%v: %d parameters, want %d", c.Config, got, c.Parameters)
		}
		ran++
	}
	for _, c := range file.MAE {
		p, _ := Named("mae/latent_640")
		p.MAE.Data.Classes = int(c.Config["num_classes"].(float64))
		delete(c.Config, "num_classes")
		fill(t, reflect.ValueOf(&p.MAE.Model).Elem(), c.Config)
		if got := p.MAE.Parameters(); got != c.Parameters {
			t.Errorf("%v: %d parameters, want %d", c.Config, got, c.Parameters)
		}
		ran++
	}
	if ran < 11 {
		t.Errorf("%d networks were counted, want 11 or more", ran)
	}
}

// fill sets the keys of a block, every one of which it must have.
func fill(t *testing.T, block reflect.Value, config map[string]any) {
	t.Helper()
	for k := range keys("", block) {
		v, ok := config[k.name]
		delete(config, k.name)
		if !ok {
			continue
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, k.value.Addr().Interface()); err != nil {
			t.Fatal(err)
		}
	}
	if len(config) > 0 {
		t.Fatalf("the configuration does not know the keys %v", sorted(config))
	}
}
