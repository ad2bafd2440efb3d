package resume

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// parsed returns the settings of a text.
func parsed(t *testing.T, text string) (s Settings) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

const before = `{"Batch": 8, "Chunk": 2, "Rate": {"Peak": 1, "Warmup": 3}, "Networks": [{"Width": 40}, {"Width": 50, "Inner": {"Depth": 2}}]}`

// TestCompare: settings that may differ are changes, in the order of their names, and others are errors that name the innermost value.
func TestCompare(t *testing.T) {
	rules := Rules{Free: []string{"Chunk"}, Extendable: []string{"Rate", "Old"}, Advice: map[string]string{"Seed": "Take 7."}}
	for _, c := range []struct {
		after  string
		extend bool
		want   string // the changes, or an error
	}{
		{strings.ReplaceAll(before, " ", "\n"), false, ""},
		{strings.Replace(before, `"Chunk": 2`, `"Chunk": 4`, 1), false, "4 Chunk 2 4; "},
		{strings.Replace(before, `"Peak": 1`, `"Peak": 2`, 1), false, `Rate is {"Peak":1,"Warmup":3} there, and {"Peak":2,"Warmup":3} now. Set it back, ask to extend`},
		{strings.Replace(before, `"Peak": 1`, `"Peak": 2`, 1), true, `4 Rate {"Peak":1,"Warmup":3} {"Peak":2,"Warmup":3}; `},
		{strings.Replace(before, `"Batch": 8`, `"Old": true`, 1), true, "it is of another training: Batch is 8, want not set. Set it back, or"},
		{strings.Replace(before, `"Batch": 8`, `"Batch": 8, "Old": true`, 1), true, "4 Old  true; "},
		{strings.Replace(before, `"Batch": 8`, `"Batch": 8, "Seed": 6`, 1), true, "it is of another training: Seed is not set, want 6. Take 7."},
		{strings.Replace(before, `"Depth": 2`, `"Depth": 3`, 1), true, "it is of another training: Depth of Inner of Networks is 2, want 3. Set it back"},
		{strings.NewReplacer(`"Depth": 2`, `"Depth": 3`, `"Peak": 1`, `"Peak": 2`, `"Batch": 8`, `"A": 1, "Batch": 8`).Replace(before), false, "another training: A is not set, want 1; also different: Networks. Set them back, or"},
	} {
		rules.Extend = c.extend
		changes, err := rules.Compare(4, parsed(t, before), parsed(t, c.after))
		got := ""
		for _, change := range changes {
			got += fmt.Sprintf("%d %s %s %s; ", change.Step, change.Setting, change.From, change.To)
		}
		if err != nil {
			if got = err.Error(); c.want != "" && strings.Contains(got, c.want) {
				continue
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.after, got, c.want)
		}
	}
}

// TestAdd: changes are added behind those before, and a text that is damaged is an error.
func TestAdd(t *testing.T) {
	text, err := Add("", nil)
	if text != "" || err != nil {
		t.Errorf("%q, error %v, want nothing", text, err)
	}
	for step := range 2 {
		if text, err = Add(text, []Change{{Step: step, Setting: "a", To: json.RawMessage("1")}}); err != nil {
			t.Fatal(err)
		}
	}
	if want := `[{"step":0,"setting":"a","from":null,"to":1},{"step":1,"setting":"a","from":null,"to":1}]`; text != want {
		t.Errorf("%s, want %s", text, want)
	}
	if _, err := Add("[", nil); err == nil || !strings.Contains(err.Error(), "it is damaged: its changes of settings") {
		t.Errorf("error %v, want that it is damaged", err)
	}
}
